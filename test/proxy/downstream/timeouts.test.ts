import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { statusOf } from "../../harness/raw-message.ts";
import {
  jsonResponse,
  expectedRecord,
  assertErrorResponse,
  chunk,
  contentEvent,
  get,
  post,
  request,
  startProxyFixture,
  streamHead,
  type ProxyFixture,
} from "../fixture.ts";

/** The timeouts of the gateway. An idle upstream connection closes before an idle client connection. */
const seconds = { head: 1.6, stream: 1.8, clientHead: 1.8, clientIdle: 2, clientBody: 1.8, upstreamIdle: 1 };

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture({
    config: {
      timeouts: {
        response_head_seconds: seconds.head,
        stream_idle_seconds: seconds.stream,
        client_head_seconds: seconds.clientHead,
        client_idle_seconds: seconds.clientIdle,
        client_body_idle_seconds: seconds.clientBody,
        upstream_idle_seconds: seconds.upstreamIdle,
      },
    },
  });
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

/** Between two characters of a slow peer: far less than any timeout. */
const DRIBBLE_MS = 150;
/** The gateway's timers count in coarse ticks. */
const TICK_MS = 60;

/** Asserts that `work` takes as long as the timeout, whose clock starts after `startedAt`. It may take longer. */
async function lasts(leastSeconds: number, startedAt: number, work: Promise<unknown>): Promise<void> {
  await work;
  const elapsedMs = performance.now() - startedAt;
  assert.ok(elapsedMs >= leastSeconds * 1_000 - TICK_MS, `ended too early, after ${elapsedMs} ms`);
}

test("R18: a stream that stalls is cut, without the last chunk that would make it look complete", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  const sent = streamHead + chunk(contentEvent(1));
  const startedAt = performance.now();
  connection.send(sent);
  await client.waitFor("word");
  await lasts(seconds.stream, startedAt, client.hasEnded());
  await connection.closedByPeer();
  assert.equal(client.text, sent);
  await fixture.record({ status: 200, error_type: "upstream_timeout", usage_state: "missing", usage_reason: "cut" });
});

test("R19: an upstream that does not respond is 504", async () => {
  const client = await fixture.client();
  const startedAt = performance.now();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  await lasts(seconds.head, startedAt, client.waitFor("\r\n\r\n"));
  assertErrorResponse(await client.message(), 504, "upstream_timeout");
  await connection.closedByPeer();
  await fixture.record({ status: 504, error_type: "upstream_timeout", usage_state: "missing" });
  client.send(post());
  const next = await fixture.provider.nextRequest();
  next.connection.send(jsonResponse(2));
  assert.equal(statusOf(await client.message()), 200);
  await fixture.record(expectedRecord(2));
});

/** Sends `text` one character at a time until the connection has ended. Returns a function that stops it. */
function dribble(connection: { send(text: string): void; closed: boolean; ended: boolean }, text: string): () => void {
  let at = 0;
  const timer = setInterval(() => {
    if (at < text.length && !connection.ended && !connection.closed) connection.send(text.charAt(at++));
  }, DRIBBLE_MS);
  return () => clearInterval(timer);
}

test("R20: a response head that comes byte by byte is 504 too", async (t) => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  t.after(dribble(connection, `HTTP/1.1 200 OK\r\nX-A: ${"a".repeat(1_000)}`));
  assertErrorResponse(await client.message(), 504, "upstream_timeout");
  await connection.closedByPeer();
  await fixture.record({ status: 504, error_type: "upstream_timeout" });
});

test("R21: a response body that comes byte by byte is forwarded as long as bytes come", async (t) => {
  const client = await fixture.client();
  client.send(get());
  const { connection } = await fixture.provider.nextRequest();
  const length = Math.ceil((1.8 * seconds.stream * 1_000) / DRIBBLE_MS);
  const startedAt = performance.now();
  connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
  t.after(dribble(connection, "x".repeat(length)));
  await lasts(1.4 * seconds.stream, startedAt, client.message());
  await fixture.record({ status: 200, error_type: null, response_bytes: length });
});

test("a client that sends nothing is disconnected", async () => {
  const startedAt = performance.now();
  const client = await fixture.client();
  await lasts(seconds.clientHead, startedAt, client.hasEnded());
  assert.equal(client.text, "");
});

test("R43: a client whose head comes byte by byte is disconnected", async (t) => {
  const startedAt = performance.now();
  const client = await fixture.client();
  t.after(dribble(client, get()));
  await lasts(seconds.clientHead, startedAt, client.hasEnded());
  assert.equal(fixture.provider.pending, 0);
});

test("a client whose request body stalls is disconnected, and so is the upstream", async () => {
  const client = await fixture.client();
  const startedAt = performance.now();
  client.send(request("POST", "/openai/v1/chat/completions", "Content-Length: 100") + "{");
  const connection = await fixture.provider.nextConnection();
  await connection.waitFor("{");
  await lasts(seconds.clientBody, startedAt, client.hasEnded());
  await connection.closedByPeer();
  await fixture.record({ status: null, error_type: "client_aborted", usage_state: "aborted" });
});

test("a client whose body comes byte by byte is not disconnected", async (t) => {
  const client = await fixture.client();
  const body = "x".repeat(Math.ceil((1.5 * seconds.clientBody * 1_000) / DRIBBLE_MS));
  client.send(post(body).slice(0, -body.length));
  t.after(dribble(client, body));
  const { connection } = await fixture.provider.nextRequest();
  connection.send(jsonResponse(4));
  assert.equal(statusOf(await client.message()), 200);
  await fixture.record(expectedRecord(4));
});

test("an idle client is disconnected, and an idle upstream connection before it", async () => {
  const client = await fixture.client();
  client.send(get());
  const { connection } = await fixture.provider.nextRequest();
  const startedAt = performance.now();
  connection.send(jsonResponse(5));
  await client.message();
  await Promise.all([
    lasts(seconds.upstreamIdle, startedAt, connection.hasEnded()),
    lasts(seconds.clientIdle, startedAt, client.hasEnded()),
  ]);
  assert.deepEqual([client.wasReset, connection.wasReset], [false, false]);
  await fixture.record({ status: 200 });
});

test("an idle upgraded connection is closed at both ends", async () => {
  const client = await fixture.client();
  client.send(get("/openai/v1/realtime", "Connection: Upgrade", "Upgrade: websocket"));
  const { connection } = await fixture.provider.nextRequest();
  const startedAt = performance.now();
  connection.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  assert.equal(statusOf(await client.head()), 101);
  await lasts(seconds.stream, startedAt, Promise.all([client.hasEnded(), connection.closedByPeer()]));
  const error = { error_type: "upstream_timeout" };
  await fixture.record({ ...error, status: 101, operation: "session", usage_state: "not_applicable" });
});

test("an upgraded connection that one side has ended is closed when the other is idle, without an error", async () => {
  const client = await fixture.client();
  client.send(get("/openai/v1/realtime", "Connection: Upgrade", "Upgrade: other"));
  const { connection } = await fixture.provider.nextRequest();
  connection.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n");
  assert.equal(statusOf(await client.head()), 101);
  const startedAt = performance.now();
  client.end();
  await connection.hasEnded();
  await lasts(seconds.stream, startedAt, client.close());
  await connection.closedByPeer();
  await fixture.record({ status: 101, operation: "session", error_type: null });
});
