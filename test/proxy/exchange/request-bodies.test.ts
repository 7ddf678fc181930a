import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { fieldOf, statusOf } from "../../harness/raw-message.ts";
import { testKey } from "../../harness/gateway.ts";
import {
  jsonResponse,
  expectedRecord,
  assertErrorResponse,
  chunk,
  lastChunk,
  post,
  request,
  startProxyFixture,
  type ProxyFixture,
} from "../fixture.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture({
    config: { server: { max_body_megabytes: 0.5 } },
  });
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

const limit = 524_288;
const path = "/openai/v1/chat/completions";
const chunkedHead = request("POST", path, "Transfer-Encoding: chunked");

test("R45: a length over the limit is 413 before anything is sent upstream", async () => {
  const client = await fixture.client();
  client.send(request("POST", path, `Content-Length: ${limit + 1}`));
  const rejection = await client.message();
  assertErrorResponse(rejection, 413, "payload_too_large");
  assert.equal(fieldOf(rejection, "connection"), "close");
  await client.hasEnded();
  assert.equal(fixture.provider.pending, 0);
});

test("R45: a chunked body that exceeds the limit is 413, and never reaches the upstream whole", async () => {
  const client = await fixture.client();
  client.send(chunkedHead + chunk("x".repeat(1_000)));
  const connection = await fixture.provider.nextConnection();
  await connection.waitFor("xxx");
  for (let sent = 1_000; sent <= limit * 1.1; sent += 50_000) client.send(chunk("x".repeat(50_000)));
  client.send(lastChunk);
  assertErrorResponse(await client.message(), 413, "payload_too_large");
  await connection.closedByPeer();
  assert.ok(!connection.text.includes("\r\n0\r\n"), "no last chunk");
  await fixture.record({ status: 413, error_type: "body_too_large", usage_state: "aborted" });
});

test("R45: a chunked body whose last bytes exceed the limit never reaches the upstream whole", async () => {
  const client = await fixture.client();
  client.send(chunkedHead + chunk("x".repeat(limit - 1_000)));
  const connection = await fixture.provider.nextConnection();
  await connection.until("the first chunk", () => connection.received.length > limit - 1_000 || undefined);
  client.send(chunk("y".repeat(2_000)) + lastChunk);
  assertErrorResponse(await client.message(), 413, "payload_too_large");
  await connection.closedByPeer();
  assert.ok(!connection.text.includes("\r\n0\r\n"), "no last chunk");
  await fixture.record({ status: 413, error_type: "body_too_large" });
});

test("R45: a body of exactly the limit is forwarded", async () => {
  const client = await fixture.client();
  client.send(chunkedHead + chunk("x".repeat(limit)) + lastChunk);
  const { connection, request } = await fixture.provider.nextRequest();
  assert.equal(request.body.length, limit);
  connection.send(jsonResponse(1));
  assert.equal(statusOf(await client.message()), 200);
  await fixture.record({ ...expectedRecord(1), request_bytes: limit });
});

test("R46: a body in 1-byte chunks with extensions arrives byte for byte, without the extensions", async () => {
  const client = await fixture.client();
  const payload = "0123456789".repeat(500);
  client.send(chunkedHead);
  for (const character of payload) client.send(`1;a=b;c="d;e"\r\n${character}\r\n`);
  client.send(lastChunk);
  const { connection, request } = await fixture.provider.nextRequest();
  assert.equal(request.body.toString(), payload);
  assert.ok(!request.framedBody.includes(";"));
  connection.send(jsonResponse(2));
  await client.message();
  await fixture.record({ ...expectedRecord(2), request_bytes: payload.length });
});

test("R46: a trailer is forwarded unless it is a credential, the host or framing", async () => {
  const client = await fixture.client();
  const bad = `Authorization: Bearer other\r\nHost: evil\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\nx-api-key: k\r\n`;
  client.send(`${chunkedHead}${chunk("{}")}0\r\n${bad}X-Checksum: 1\r\n\r\n`);
  const { connection, request } = await fixture.provider.nextRequest();
  assert.equal(request.framedBody.toString(), `${chunk("{}")}0\r\nX-Checksum: 1\r\n\r\n`);
  connection.send(jsonResponse(3));
  await client.message();
  await fixture.record(expectedRecord(3));
});

const badChunks: Readonly<Record<string, string>> = {
  "a size that is no number": "zz\r\n",
  "a size in another spelling": "0x5\r\nhello\r\n",
  "data longer than the size": "3\r\nhello\r\n",
  "a bare line feed": "5\nhello\n",
  "an extension of 20 KB": `5;${"a".repeat(20_000)}\r\nhello\r\n`,
};

for (const [what, bytes] of Object.entries(badChunks)) {
  test(`a request chunk with ${what} is 400 and closes both connections`, async () => {
    const client = await fixture.client();
    client.send(chunkedHead + chunk("good"));
    const connection = await fixture.provider.nextConnection();
    await connection.waitFor("good");
    client.send(`${bytes}${lastChunk}GET /openai/smuggled HTTP/1.1\r\n\r\n`);
    assertErrorResponse(await client.message(), 400, "bad_request");
    await client.hasEnded();
    await connection.closedByPeer();
    assert.ok(!connection.text.includes("smuggled"));
    assert.equal(client.unread.length, 0, "one response and no more");
    await fixture.record({ status: 400, error_type: "client_aborted" });
  });
}

const expecting = (length: number, key = testKey.key): string =>
  `POST ${path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${key}\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`;

test("R47: a request with a bad key that waits for a 100 gets 403, and the connection closes", async () => {
  const client = await fixture.client();
  client.send(expecting(5, "sk-wrong-0123456789"));
  assertErrorResponse(await client.message(), 403, "forbidden");
  await client.hasEnded();
  assert.equal(fixture.provider.pending, 0);
});

test("R47: a request with too long a body that waits for a 100 gets 413, and the connection closes", async () => {
  const client = await fixture.client();
  client.send(expecting(limit * 2));
  assertErrorResponse(await client.message(), 413, "payload_too_large");
  await client.hasEnded();
  assert.equal(fixture.provider.pending, 0);
});

test("R47: an early error of the upstream reaches a client that waits for a 100, and both connections close", async () => {
  const client = await fixture.client();
  client.send(expecting(5));
  const connection = await fixture.provider.nextConnection();
  const head = await connection.head();
  assert.equal(fieldOf(head, "expect"), "100-continue");
  connection.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}");
  const rejection = await client.message();
  assert.equal(statusOf(rejection), 401);
  assert.equal(fieldOf(rejection, "connection"), "close");
  await Promise.all([client.hasEnded(), connection.closedByPeer()]);
  await fixture.record({ status: 401, error_type: "http_401", usage_state: "not_applicable" });
});

test("R47: the upstream's 100 is forwarded, and the connections serve further requests", async () => {
  const client = await fixture.client();
  client.send(expecting(5));
  const connection = await fixture.provider.nextConnection();
  await connection.head();
  connection.send("HTTP/1.1 100 Continue\r\n\r\n");
  assert.equal((await client.head()).head, "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  await connection.waitFor("hello");
  connection.send(jsonResponse(4));
  assert.equal(statusOf(await client.message()), 200);
  await fixture.record(expectedRecord(4));
  client.send(post());
  await connection.until("the next call", () => connection.text.includes('{"model":"m-0"}') || undefined);
  connection.send(jsonResponse(5));
  assert.equal(statusOf(await client.message()), 200);
  await fixture.record(expectedRecord(5));
});

test("R47: LMGate sends the 100 if the upstream does not", async () => {
  const client = await fixture.client();
  client.send(expecting(5));
  const connection = await fixture.provider.nextConnection();
  await connection.head();
  assert.equal((await client.head()).head, "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  await connection.waitFor("hello");
  connection.send(`HTTP/1.1 100 Continue\r\n\r\n${jsonResponse(6)}`);
  assert.equal(statusOf(await client.message()), 200, "the late 100 is not passed on as a second one");
  await fixture.record(expectedRecord(6));
});

test("R47: another expectation is 417", async () => {
  const client = await fixture.client();
  client.send(post("{}", "Expect: a-miracle"));
  assertErrorResponse(await client.message(), 417, "expectation_failed");
  assert.equal(fixture.provider.pending, 0);
});

test("R50: a response before the end of the body is forwarded, the upload stops and both connections close", async () => {
  const client = await fixture.client();
  client.send(request("POST", path, `Content-Length: ${limit}`) + "x".repeat(1_000));
  const connection = await fixture.provider.nextConnection();
  await connection.waitFor("xxx");
  connection.send(jsonResponse(7));
  const early = await client.message();
  assert.equal(statusOf(early), 200);
  assert.equal(fieldOf(early, "connection"), "close");
  client.send("x".repeat(10_000));
  await Promise.all([client.hasEnded(), connection.closedByPeer()]);
  await fixture.record({ ...expectedRecord(7) });
});
