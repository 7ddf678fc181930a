// A relay on raw sockets: one upstream connection for each client connection, bytes copied unread. No proxy written for
// Node.js can use less CPU time, so it is the lower limit.
//
//   node bench/raw-relay.ts <port> <upstream host:port>
import { connect, createServer, type Socket } from "node:net";

const [portText, upstream] = process.argv.slice(2);
const address = /^(?<host>.+):(?<port>\d+)$/.exec(upstream ?? "")?.groups;
const port = Number(portText);
if (address === undefined || !Number.isInteger(port)) {
  process.stderr.write("usage: node bench/raw-relay.ts <port> <upstream host:port>\n");
  process.exit(2);
}
const target = { host: (address["host"] ?? "").replace(/^\[(.*)\]$/, "$1"), port: Number(address["port"]) };

const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const peer = connect({ ...target, allowHalfOpen: true, noDelay: true });
  relay(client, peer);
  relay(peer, client);
});
server.listen(port, "127.0.0.1", 4_096, () => process.stdout.write(`relaying 127.0.0.1:${port} to ${upstream}\n`));
process.once("SIGTERM", () => process.exit(0));
process.once("SIGINT", () => process.exit(0));

function relay(from: Socket, to: Socket): void {
  from.on("data", (bytes: Buffer) => {
    if (!to.write(bytes)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.once("end", () => to.end());
  from.once("error", () => to.destroy());
  from.once("close", () => {
    if (!from.readableEnded) to.destroy();
  });
}
