// A provider that rejects an upload and resets the connection at once, while the upload runs: its response must not be lost.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { after, before, test, type TestContext } from "node:test";
import { TLSSocket } from "node:tls";
import { startHaproxy, startNginxProxy, type OtherProxy } from "../../attack/other-proxies.ts";
import { openTestAuthority, type Identity, type TestAuthority } from "../../harness/certificates.ts";
import { connectRaw } from "../../harness/raw-client.ts";
import { request, startProxyFixture, type ProxyFixture } from "../fixture.ts";

const ROUNDS = 40;
const BODY = Buffer.alloc(4 * 1024 * 1024, "x");
const EARLY = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large";
/** Without a length: only the end of the connection ends it. */
const OPEN = "HTTP/1.1 413 Content Too Large\r\n\r\ntoo large";

let authority: TestAuthority | undefined;
let plain: Server;
let endless: Server;
let secure: Server | undefined;
let fixture: ProxyFixture;

/** Responds to the first bytes of a request and resets the connection. */
function reject(socket: Socket, response: string, connection = socket): void {
  for (const one of [socket, connection]) one.on("error", () => undefined);
  socket.once("data", () => {
    socket.pause();
    socket.write(response, () => connection.resetAndDestroy());
  });
}

/** Only the TCP connection below TLS can be reset. */
function secureServer(identity: Identity): Server {
  return createServer((connection) => {
    const socket = new TLSSocket(connection, { isServer: true, ...identity });
    reject(socket, EARLY, connection);
  });
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port; // as: it listens on a host and port
}

before(async () => {
  authority = await openTestAuthority();
  plain = createServer((socket) => reject(socket, EARLY));
  endless = createServer((socket) => reject(socket, OPEN));
  if (authority !== undefined) secure = secureServer(await authority.issue("IP:127.0.0.1"));
  const providers = {
    plain: { upstream: `http://127.0.0.1:${await listen(plain)}` },
    endless: { upstream: `http://127.0.0.1:${await listen(endless)}` },
    ...(secure === undefined ? {} : { secure: { upstream: `https://127.0.0.1:${await listen(secure)}` } }),
  };
  fixture = await startProxyFixture({
    config: { providers },
    ...(authority === undefined ? {} : { env: { NODE_EXTRA_CA_CERTS: authority.path } }),
  });
});
after(async () => {
  await fixture.clear();
  await fixture.stop();
  for (const server of [plain, endless, secure]) server?.close();
  await authority?.remove();
});

/** The number of uploads, one after the other, whose client gets the provider's whole response. */
async function delivered(port: number, provider: string): Promise<number> {
  let count = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const client = await connectRaw(port);
    client.send(request("POST", `/${provider}/v1/files`, `Content-Length: ${BODY.length}`));
    client.send(BODY);
    const isWhole = await client.until("a response or the end", () => {
      if (/^HTTP\/1\.1 413 .*\r\n\r\ntoo large$/s.test(client.text)) return true;
      return client.ended || client.closed || client.text.startsWith("HTTP/1.1 502") ? false : undefined;
    });
    if (isWhole) count++;
    client.destroy();
  }
  return count;
}

/** nginx buffers an upload before it connects, unless it is told otherwise. */
const NGINX = {
  "nginx, buffering": "client_max_body_size 0; client_body_buffer_size 8m;",
  "nginx, not buffering": "client_max_body_size 0; proxy_request_buffering off;",
};

async function beside(t: TestContext): Promise<void> {
  const { port } = plain.address() as AddressInfo; // as: it listens on a host and port
  const starts = Object.entries(NGINX).map(
    ([name, directives]) => [name, () => startNginxProxy(port, ["127.0.0.1"], directives)] as const,
  );
  for (const [name, start] of [...starts, ["haproxy", () => startHaproxy(port)] as const]) {
    const proxy: OtherProxy | undefined = await start();
    if (proxy === undefined) t.diagnostic(`SKIPPED: ${name} is not installed`);
    else t.diagnostic(`${name}, ${proxy.version}: ${await delivered(proxy.port, "plain")} of ${ROUNDS} delivered`);
    await proxy?.stop();
  }
}

test("the response of a provider that resets the connection right after it reaches the client", async (t) => {
  await beside(t);
  const count = await delivered(fixture.gateway.port, "plain");
  t.diagnostic(`LMGate: ${count} of ${ROUNDS} delivered`);
  const records = await fixture.records(ROUNDS);
  assert.equal(count, ROUNDS, records.map(({ status, error_code }) => `${status} ${error_code}`).join(", "));
  for (const { status, error_type } of records) assert.deepEqual([status, error_type], [413, "http_413"]);
});

test("the same with TLS", async (t) => {
  if (secure === undefined) {
    t.diagnostic("SKIPPED: there is no openssl to make certificates with");
    t.skip("no openssl");
    return;
  }
  const count = await delivered(fixture.gateway.port, "secure");
  t.diagnostic(`LMGate with TLS: ${count} of ${ROUNDS} delivered`);
  await fixture.records(ROUNDS);
  assert.equal(count, ROUNDS);
});

test("a response that only the reset has ended is never taken as complete", async () => {
  // The gateway sends it in chunks, of which the last one never comes.
  assert.equal(await delivered(fixture.gateway.port, "endless"), 0);
  for (const { error_type } of await fixture.records(ROUNDS)) assert.equal(error_type, "upstream_reset");
});
