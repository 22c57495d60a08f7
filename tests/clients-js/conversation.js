// A conversation over MQTT.js: node conversation.js URL VERSION. Exits with 0 where all is as the standard has it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import mqtt from "mqtt";

const [url, version] = [process.argv[2], Number(process.argv[3])];
const is5 = version === 5;
const clients = [];

async function connect(options = {}) {
  const lasting = is5 ? { properties: { sessionExpiryInterval: 600 } } : {};
  const client = mqtt.connect(url, {
    protocolVersion: version,
    clientId: randomUUID(),
    clean: false,
    reconnectPeriod: 0,
    ...lasting,
    ...options,
  });
  client.inbox = [];
  client.on("message", (topic, payload, packet) => client.inbox.push({ topic, payload: payload.toString(), packet }));
  clients.push(client);
  const [connack] = await once(client, "connect");
  return [client, connack];
}

async function take(client) {
  while (client.inbox.length === 0) await once(client, "message");
  return client.inbox.shift();
}

async function qualities() {
  const topic = randomUUID();
  const [[ada], [bob]] = [await connect(), await connect()];
  const [granted] = await bob.subscribeAsync(topic, { qos: 2 });
  assert.equal(granted.qos, 2);
  for (const qos of [0, 1, 2]) {
    await ada.publishAsync(topic, `with ${qos}`, { qos });
    const { payload, packet } = await take(bob);
    assert.deepEqual([payload, packet.qos, packet.retain], [`with ${qos}`, qos, false]);
  }
}

async function retained() {
  const topic = randomUUID();
  const [[ada], [bob]] = [await connect(), await connect()];
  await ada.publishAsync(topic, "kept", { qos: 1, retain: true });
  await bob.subscribeAsync(topic, { qos: 1 });
  const { payload, packet } = await take(bob);
  assert.deepEqual([payload, packet.retain], ["kept", true]);
  await ada.publishAsync(topic, "", { qos: 1, retain: true });
  assert.equal((await take(bob)).payload, "");
}

async function will() {
  const topic = randomUUID();
  const [watcher] = await connect();
  await watcher.subscribeAsync(topic, { qos: 1 });
  const [gone] = await connect({ will: { topic, payload: Buffer.from("bye"), qos: 1 } });
  gone.stream.destroy();
  assert.equal((await take(watcher)).payload, "bye");
}

async function resumed() {
  const [topic, clientId] = [randomUUID(), randomUUID()];
  const [[ada], [first, fresh]] = [await connect(), await connect({ clientId })];
  assert.equal(fresh.sessionPresent, false);
  await first.subscribeAsync(topic, { qos: 2 });
  await first.endAsync();
  for (const qos of [1, 2]) await ada.publishAsync(topic, `waits ${qos}`, { qos });
  const [second, again] = await connect({ clientId });
  assert.equal(again.sessionPresent, true);
  assert.equal((await take(second)).payload, "waits 1");
  assert.equal((await take(second)).payload, "waits 2");
}

async function questionAndAnswer() {
  const [topic, answers] = [randomUUID(), randomUUID()];
  const [[ada], [bob]] = [await connect(), await connect()];
  await ada.subscribeAsync(answers, { qos: 1 });
  await bob.subscribeAsync(topic, { qos: 1, properties: { subscriptionIdentifier: 7 } });
  const said = {
    responseTopic: answers,
    correlationData: Buffer.from("7"),
    contentType: "text/plain",
    messageExpiryInterval: 100,
    userProperties: { a: ["b", "c"], d: "e" },
  };
  await ada.publishAsync(topic, "question", { qos: 1, properties: said });
  const { properties } = (await take(bob)).packet;
  assert.deepEqual(
    { ...properties, userProperties: { ...properties.userProperties } },
    { ...said, messageExpiryInterval: properties.messageExpiryInterval, subscriptionIdentifier: 7 },
  );
  assert.ok(properties.messageExpiryInterval >= 95 && properties.messageExpiryInterval <= 100);
  const { correlationData } = properties;
  await bob.publishAsync(properties.responseTopic, "answer", { qos: 1, properties: { correlationData } });
  const { payload, packet } = await take(ada);
  assert.deepEqual([payload, packet.properties.correlationData.toString()], ["answer", "7"]);
}

async function aliases() {
  const topic = randomUUID();
  const [[ada], [bob]] = [
    await connect({ autoAssignTopicAlias: true }),
    await connect({ properties: { topicAliasMaximum: 5 } }),
  ];
  await bob.subscribeAsync(topic, { qos: 1 });
  for (const payload of ["1", "2", "3"]) await ada.publishAsync(topic, payload, { qos: 1 });
  for (const payload of ["1", "2", "3"]) assert.deepEqual([(await take(bob)).payload], [payload]);
}

async function shared() {
  const topic = randomUUID();
  const [[ada], [one], [other]] = [await connect(), await connect(), await connect()];
  for (const worker of [one, other]) await worker.subscribeAsync(`$share/workers/${topic}`, { qos: 1 });
  for (const payload of ["1", "2", "3", "4"]) await ada.publishAsync(topic, payload, { qos: 1 });
  const came = [];
  for (const worker of [one, one, other, other]) came.push((await take(worker)).payload);
  assert.deepEqual(came.sort(), ["1", "2", "3", "4"]);
}

const always = [qualities, retained, will, resumed];
for (const scene of is5 ? [...always, questionAndAnswer, aliases, shared] : always) {
  await scene();
  console.log(scene.name);
}
await Promise.all(clients.map((client) => client.endAsync(true)));
