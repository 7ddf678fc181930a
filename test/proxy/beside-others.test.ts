// What LMGate, nginx and HAProxy do with the same odd exchanges. LMGate's behavior is required; that of the others is printed.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { after, before, test, type TestContext } from "node:test";
import { startHaproxy, startNginxProxy, type OtherProxy } from "../attack/other-proxies.ts";
import { connectRaw, type RawPeer } from "../harness/raw-client.ts";
import { startGateway, type Gateway } from "../harness/gateway.ts";
import { get } from "./fixture.ts";

const UPLOAD_PIECES = 64;
const PIECE = Buffer.alloc(64 * 1024, "x");
const HEALTH = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";

let upstream: Server;
let gateway: Gateway;
const others: OtherProxy[] = [];
before(async () => {
  upstream = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", () => socket.write("HTTP/1.1 777 Odd\r\nContent-Length: 3\r\n\r\nodd"));
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const { port } = upstream.address() as AddressInfo; // as: it listens on a host and port
  gateway = await startGateway({ config: { providers: { openai: { upstream: `http://127.0.0.1:${port}` } } } });
  const limit = "client_max_body_size 1k;";
  for (const proxy of [await startNginxProxy(port, ["127.0.0.1"], limit), await startHaproxy(port)]) {
    if (proxy !== undefined) others.push(proxy);
  }
});
after(async () => {
  await gateway.stop();
  for (const proxy of others) await proxy.stop();
  upstream.close();
});

/** Prints what the others do, then returns what LMGate does. */
async function beside(t: TestContext, exchange: (port: number) => Promise<string>): Promise<string> {
  if (others.length < 2) t.diagnostic("SKIPPED: nginx or HAProxy is not installed");
  for (const { name, version, port } of others) t.diagnostic(`${name} ${version}: ${await exchange(port)}`);
  const result = await exchange(gateway.port);
  t.diagnostic(`LMGate: ${result}`);
  return result;
}

function statuses({ text }: RawPeer): string {
  return (
    text
      .match(/HTTP\/1\.[01] \d{3}/g)
      ?.map((line) => line.slice(-3))
      .join(", ") ?? "no response"
  );
}

function endOf(client: RawPeer): string {
  return client.wasReset ? "reset" : client.ended ? "closed" : "open";
}

test("a response before the end of an upload reaches a client that reads only after it", async (t) => {
  const result = await beside(t, async (port) => {
    const client = await connectRaw(port);
    client.pause();
    client.send(`POST /openai/v1/files HTTP/1.1\r\nHost: h\r\nContent-Length: ${UPLOAD_PIECES * PIECE.length}\r\n\r\n`);
    for (let sent = 0; sent < UPLOAD_PIECES && !client.closed; sent++) {
      client.send(PIECE);
      await new Promise((resolve) => void setTimeout(resolve, 5));
    }
    client.resume();
    await client.until("a response or the end", () =>
      /\r\n\r\n/.test(client.text) || client.closed ? true : undefined,
    );
    const found = statuses(client);
    client.destroy();
    return found;
  });
  assert.equal(result, "403");
});

test("what follows a CONNECT is not read as a request", async (t) => {
  const result = await beside(t, async (port) => {
    const client = await connectRaw(port);
    client.send(`CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n${HEALTH}`);
    await client.until("the end or two responses", () =>
      client.ended || client.closed || statuses(client).includes(",") ? true : undefined,
    );
    const found = `${statuses(client)}, ${endOf(client)}`;
    client.destroy();
    return found;
  });
  assert.equal(result, "405, closed");
});

test("a status that no document defines passes", async (t) => {
  const result = await beside(t, async (port) => {
    const client = await connectRaw(port);
    client.send(get());
    await client.until("a response", () => (/\r\n\r\n/.test(client.text) || client.closed ? true : undefined));
    const found = statuses(client);
    client.destroy();
    return found;
  });
  assert.equal(result, "777");
});
