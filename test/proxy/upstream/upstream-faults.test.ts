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
  lastChunk,
  lastEvents,
  post,
  startProxyFixture,
  streamHead,
  type ProxyFixture,
} from "../fixture.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture();
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

test("R12: a reset before the first byte of the response is 502", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.reset();
  assertErrorResponse(await client.message(), 502, "upstream_reset");
  await fixture.record({ status: 502, error_type: "upstream_reset", usage_state: "missing", input_tokens: null });
  assert.equal(fixture.provider.pending, 0, "a POST is not sent again");

  client.send(post());
  const next = await fixture.provider.nextRequest();
  next.connection.send(jsonResponse(1));
  assert.equal(statusOf(await client.message()), 200);
  await fixture.record(expectedRecord(1));
});

test("R13: an end before the first byte of the response is 502", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.end();
  assert.equal(statusOf(await client.message()), 502);
  await connection.closedByPeer();
  await fixture.record({ status: 502, error_type: "upstream_reset" });
});

test("R13: an end within the head of the response is 502", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send("HTTP/1.1 200 OK\r\nContent-Le");
  connection.end();
  assert.equal(statusOf(await client.message()), 502);
  await fixture.record({ status: 502, error_type: "upstream_reset" });
});

const cut = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n12345";

test("R14: a reset within a body of known length aborts the client's connection after the bytes so far", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(cut);
  await client.waitFor("12345");
  connection.reset();
  await client.hasEnded();
  assert.equal(client.text, cut);
  await fixture.record({ status: 200, error_type: "upstream_reset", usage_state: "missing", usage_reason: "cut" });
});

test("R15: an end within a body of known length aborts the client's connection after the bytes so far", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(cut);
  connection.end();
  await client.hasEnded();
  assert.equal(client.text, cut);
  await connection.closedByPeer();
  await fixture.record({ status: 200, error_type: "upstream_reset", usage_state: "missing", response_bytes: 5 });
});

test("R16: LMGate does not add the last chunk that a chunked body lacks", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  const sent = streamHead + chunk(contentEvent(2));
  connection.send(sent);
  connection.end();
  await client.hasEnded();
  assert.equal(client.text, sent);
  await fixture.record({ status: 200, error_type: "upstream_reset", usage_state: "missing", usage_reason: "cut" });
});

test("R16: usage that came before the cut is kept and marked as partial", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(streamHead + chunk(lastEvents(3)));
  await client.waitFor("[DONE]");
  connection.reset();
  await client.hasEnded();
  await fixture.record({ error_type: "upstream_reset", usage_state: "partial", input_tokens: 1_000_003 });
});

const IN_CHUNKS =
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\ne\r\nhalf a payload\r\n";
const untilClose = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhalf a payload";

test("R14: if the upstream resets a body that ends with its connection, an HTTP/1.0 client gets a reset too", async () => {
  const client = await fixture.client();
  client.send(post().replace("HTTP/1.1", "HTTP/1.0"));
  const { connection } = await fixture.provider.nextRequest();
  connection.send(untilClose);
  await client.waitFor("half a payload");
  connection.reset();
  await client.close();
  assert.equal(client.wasReset, true, "a clean end would look like a complete response");
  await fixture.record({ status: 200, error_type: "upstream_reset" });
});

test("R14: a cut chunked body is a reset for an HTTP/1.0 client, which cannot see a missing last chunk", async () => {
  const client = await fixture.client();
  client.send(get().replace("HTTP/1.1", "HTTP/1.0"));
  const { connection } = await fixture.provider.nextRequest();
  connection.send(`${streamHead}${chunk("half")}`);
  await client.waitFor("half");
  connection.end();
  await client.close();
  assert.equal(client.wasReset, true, "a clean end would look like a complete response");
  await fixture.record({ status: 200, error_type: "upstream_reset" });
});

test("R14: if the upstream resets a body that ends with its connection, the client gets no last chunk", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(untilClose);
  await client.waitFor("half a payload");
  connection.reset();
  await client.hasEnded();
  assert.equal(client.text, IN_CHUNKS);
  await fixture.record({ status: 200, error_type: "upstream_reset" });
});

test("a body that ends with its connection reaches an HTTP/1.1 client chunked, and the client's connection stays open", async () => {
  const client = await fixture.client();
  client.send(get());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(untilClose);
  connection.end();
  const message = await client.message();
  assert.equal(client.text, `${IN_CHUNKS}0\r\n\r\n`);
  assert.equal(message.body.toString(), "half a payload");
  await fixture.record({ status: 200, error_type: null, response_bytes: 14 });
  client.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
  await client.waitFor("ok");
});

test("a body that ends with its connection reaches an HTTP/1.0 client unchunked, and the client's connection ends too", async () => {
  const client = await fixture.client();
  client.send(get().replace("HTTP/1.1", "HTTP/1.0"));
  const { connection } = await fixture.provider.nextRequest();
  connection.send(untilClose);
  connection.end();
  await client.hasEnded();
  assert.match(
    client.text,
    /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\nConnection: close\r\n\r\nhalf a payload$/,
  );
  await fixture.record({ status: 200, error_type: null, response_bytes: 14 });
});

test("R17: a stream without its last event is forwarded unchanged, and its record says that it was cut", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  const sent = streamHead + chunk(contentEvent(4)) + lastChunk;
  connection.send(sent);
  await client.message();
  assert.equal(client.text, sent);
  await fixture.record({ status: 200, error_type: null, usage_state: "missing", model: "m-4" });
});
