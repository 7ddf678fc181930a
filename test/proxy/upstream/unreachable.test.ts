import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { after, before, test, type TestContext } from "node:test";

import { openTestAuthority, type TestAuthority } from "../../harness/certificates.ts";
import { listenWithoutRoom, type FullListener } from "../../harness/full-listener.ts";
import { ScriptedProvider } from "../../harness/scripted-provider.ts";
import type { RawPeer } from "../../harness/raw-client.ts";
import { assertErrorResponse, get, post, startProxyFixture, type ProxyFixture } from "../fixture.ts";

/** Short, because some of these tests wait for it. */
const connectSeconds = 0.8;
/** Of an upstream whose tests are skipped. */
const UNUSED_PORT = 9;

/** Accepts TCP connections and sends nothing. */
let silent: ScriptedProvider;
/** Has an expired certificate. */
let expired: ScriptedProvider | undefined;
/** Accepts no connection, and the kernel takes none for it any more. */
let full: FullListener | undefined;
let authority: TestAuthority | undefined;
let fixture: ProxyFixture;

before(async () => {
  silent = await ScriptedProvider.start();
  authority = await openTestAuthority();
  if (authority !== undefined) expired = await ScriptedProvider.start(await authority.issue("IP:127.0.0.1", -1));
  full = await listenWithoutRoom();
  const providers = {
    closed: { upstream: `http://127.0.0.1:${await closedPort()}` },
    full: { upstream: `http://127.0.0.1:${full?.port ?? UNUSED_PORT}` },
    silent: { upstream: `https://127.0.0.1:${silent.port}` },
    expired: { upstream: `https://127.0.0.1:${expired?.port ?? UNUSED_PORT}` },
  };
  fixture = await startProxyFixture({
    config: { timeouts: { connect_seconds: connectSeconds }, providers },
    ...(authority === undefined ? {} : { env: { NODE_EXTRA_CA_CERTS: authority.path } }),
  });
});

after(async () => {
  await fixture.clear();
  await fixture.stop();
  await silent.stop();
  await expired?.stop();
  await full?.stop();
  await authority?.remove();
});

async function connectTo(prefix: string): Promise<RawPeer> {
  const client = await fixture.client();
  client.send(post().replace("/openai/", `/${prefix}/`));
  return client;
}

test("R10: an upstream port without a listener is 502 at once", async () => {
  const client = await connectTo("closed");
  assertErrorResponse(await client.message(), 502, "upstream_unreachable");
  await fixture.record({ provider: "closed", status: 502, error_type: "upstream_unreachable", usage_state: "missing" });
});

test("R10: a GET to an upstream port without a listener is 502 too", async () => {
  const client = await fixture.client();
  client.send(get("/closed/v1/models"));
  assertErrorResponse(await client.message(), 502, "upstream_unreachable");
  await fixture.record({ provider: "closed", status: 502, error_type: "upstream_unreachable" });
});

test("R11: an upstream that does not accept the connection is 504 at the connect timeout", async (t) => {
  if (full === undefined) return skipWithMessage(t, "no listening socket could be filled up here");
  const startedAt = performance.now();
  const client = await connectTo("full");
  assertErrorResponse(await client.message(), 504, "upstream_timeout");
  const elapsedMs = performance.now() - startedAt;
  assert.ok(elapsedMs >= connectSeconds * 1_000, `over after ${elapsedMs} ms already`);
  await fixture.record({
    provider: "full",
    status: 504,
    error_type: "upstream_timeout",
    error_code: "connect_timeout",
  });
});

test("R11: a client that leaves while LMGate is connecting is recorded once", async (t) => {
  if (full === undefined) return skipWithMessage(t, "no listening socket could be filled up here");
  const client = await connectTo("full");
  client.end();
  await client.close();
  await fixture.record({ provider: "full", status: null, error_type: "client_aborted" });
});

test("R35: a stalled TLS handshake is 504 at the connect timeout, and only the handshake was sent", async () => {
  const client = await connectTo("silent");
  const connection = await silent.nextConnection();
  assertErrorResponse(await client.message(), 504, "upstream_timeout");
  await connection.closedByPeer();
  assert.equal(connection.received[0], 0x16, "a TLS handshake record");
  assert.ok(!connection.text.includes("POST"));
  await fixture.record({ provider: "silent", status: 504, error_type: "upstream_timeout" });
});

test("R35: a reset within the TLS handshake is 502", async () => {
  const client = await connectTo("silent");
  const connection = await silent.nextConnection();
  await connection.until("the handshake", () => connection.received.length > 0 || undefined);
  connection.reset();
  assertErrorResponse(await client.message(), 502, "upstream_unreachable");
  await fixture.record({ provider: "silent", status: 502, error_type: "upstream_unreachable" });
});

test("R35: plain HTTP instead of TLS is 502", async () => {
  const client = await connectTo("silent");
  const connection = await silent.nextConnection();
  connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  assertErrorResponse(await client.message(), 502, "upstream_unreachable");
  await connection.closedByPeer();
  await fixture.record({ provider: "silent", status: 502, error_type: "upstream_unreachable" });
});

test("R35: an upstream with an expired certificate is 502 and receives no request", async (t) => {
  if (expired === undefined) return skipWithMessage(t, "there is no openssl to make an expired certificate with");
  const client = await connectTo("expired");
  assertErrorResponse(await client.message(), 502, "upstream_unreachable");
  await fixture.record({ provider: "expired", status: 502, error_type: "upstream_unreachable" });
  for (const connection of expired.connections) {
    await connection.closedByPeer();
    assert.equal(connection.received.length, 0);
  }
});

/** The report of a run shows diagnostics, but not why a test was skipped. */
function skipWithMessage(t: TestContext, why: string): void {
  t.diagnostic(`SKIPPED: ${why}`);
  t.skip(why);
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // as: it listens on a host and port
  server.close();
  await once(server, "close");
  return port;
}
