// A mail server: node smtp.js PORT CERTIFICATE KEY tls|starttls|plain
// It prints each mail as a line of JSON, and refuses those to nobody@ (for ever) and busy@ (for now).
import { readFileSync } from "node:fs";
import { SMTPServer } from "smtp-server";

const [port, certificate, key, mode] = process.argv.slice(2);

function refuse(code, text) {
  return Object.assign(new Error(text), { responseCode: code });
}

const server = new SMTPServer({
  secure: mode === "tls",
  hideSTARTTLS: mode === "plain",
  authOptional: true,
  cert: readFileSync(certificate),
  key: readFileSync(key),
  onAuth({ username, password }, _session, done) {
    if (username === "parley@example.net" && password === "a mail secret") done(null, { user: username });
    else done(refuse(535, "wrong"));
  },
  onRcptTo({ address }, _session, done) {
    if (address.startsWith("nobody@")) done(refuse(550, `no mailbox ${address}`));
    else if (address.startsWith("busy@")) done(refuse(451, `try ${address} later`));
    else done();
  },
  onData(stream, session, done) {
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => {
      const { secure, user = null, envelope } = session;
      const to = envelope.rcptTo.map(({ address }) => address);
      const data = Buffer.concat(chunks).toString();
      console.log(JSON.stringify({ secure, user, from: envelope.mailFrom.address, to, data }));
      done();
    });
  },
});
server.on("error", () => {}); // of connections that clients break off
server.listen(Number(port), "127.0.0.1");
