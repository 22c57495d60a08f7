// A device renews its token on the way: node renewal.js URL CLIENT USERNAME INBOX, and a JSON list of tokens on stdin.
// The first opens the connection, the next are shown one by one; the last is no good, and ends it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import mqtt from "mqtt";

const [url, clientId, username, inbox] = process.argv.slice(2);
const [first, ...others] = JSON.parse(await text(process.stdin));
const wrong = others.pop();
const authenticationMethod = "token";

const client = mqtt.connect(url, {
  protocolVersion: 5,
  clientId,
  username,
  password: first,
  reconnectPeriod: 0,
  properties: { authenticationMethod },
});
await once(client, "connect");

// MQTT.js sends AUTH by itself only while it connects; later it is a packet like any other.
function show(token) {
  const properties = { authenticationMethod, authenticationData: Buffer.from(token) };
  client._sendPacket({ cmd: "auth", reasonCode: 0x19, properties });
}

for (const token of others) {
  const answered = new Promise((resolve) => {
    client.handleAuth = (packet, done) => {
      done();
      resolve(packet);
    };
  });
  show(token);
  assert.equal((await answered).reasonCode, 0);
  const [granted] = await client.subscribeAsync(inbox, { qos: 1 });
  assert.equal(granted.qos, 1);
}
const ended = once(client, "disconnect");
show(wrong);
const [packet] = await ended;
assert.equal(packet.reasonCode, 0x87);
await client.endAsync(true);
