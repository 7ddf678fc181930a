import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { fieldOf, statusOf } from "../../harness/raw-message.ts";
import { testKey, type AllowedKey } from "../../harness/gateway.ts";
import {
  jsonResponse,
  expectedRecord,
  assertErrorResponse,
  chunk,
  get,
  lastChunk,
  post,
  startProxyFixture,
  streamHead,
  type ProxyFixture,
} from "../fixture.ts";

const otherKey: AllowedKey = { id: "k-other", key: "sk-other-9876543210-fedcba", owner: "others" };

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture({ keys: [testKey, otherKey] });
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

test("R6: of 1,000 GETs in one write, one at a time is forwarded, and the responses come in order", async () => {
  const count = 1_000;
  const client = await fixture.client();
  client.send(Array.from({ length: count }, (_, n) => get(`/openai/v1/models/${n}`)).join(""));
  const connection = await fixture.provider.nextConnection();
  for (let n = 0; n < count; n++) {
    const message = await connection.message();
    assert.match(message.startLine, new RegExp(`^GET /v1/models/${n} HTTP`));
    assert.equal(connection.unread.length, 0, "the next request waits for the response to this one");
    connection.send(`HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n${String(n).padStart(6, "0")}`);
  }
  for (let n = 0; n < count; n++) assert.equal(Number((await client.message()).body), n);
  assert.equal(fixture.provider.pending, 0);
  const records = await fixture.records(count);
  assert.deepEqual(
    records.map((record) => record.endpoint),
    Array.from({ length: count }, (_, n) => `/openai/v1/models/${n}`),
  );
});

test("R49: pipelined requests with different keys get responses in order and records with their own keys", async () => {
  const client = await fixture.client();
  const withOtherKey = (text: string): string => text.replace(testKey.key, otherKey.key);
  client.send(get("/openai/v1/a") + withOtherKey(post('{"model":"m-0"}')) + get("/openai/v1/b"));
  const { connection, request } = await fixture.provider.nextRequest();
  assert.match(request.startLine, /v1\/a/);
  connection.send(jsonResponse(1));
  const second = await connection.message();
  assert.equal(fieldOf(second, "authorization"), `Bearer ${otherKey.key}`);
  connection.send(jsonResponse(2));
  assert.match((await connection.message()).startLine, /v1\/b/);
  connection.send(jsonResponse(3));
  for (const n of [1, 2, 3]) assert.match((await client.message()).body.toString(), new RegExp(`m-${n}"`));
  const records = await fixture.records(3);
  assert.deepEqual(
    records.map((record) => [record.lmgate_id, record.endpoint.split("/").at(-1)]),
    [
      ["k-test", "a"],
      ["k-other", "completions"],
      ["k-test", "b"],
    ],
  );
});

test("R49: a rejected request among pipelined ones gets its response in order, and those after it go on", async () => {
  const client = await fixture.client();
  client.send(get("/openai/v1/a") + get("/openai/v1/b").replace(testKey.key, "sk-absent-0123456789") + post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(jsonResponse(4));
  await connection.message();
  connection.send(jsonResponse(5));
  assert.equal(statusOf(await client.message()), 200);
  assertErrorResponse(await client.message(), 403, "forbidden");
  assert.match((await client.message()).body.toString(), /m-5"/);
  await fixture.records(2);
});

test("R52: garbage after a whole request does not affect its response and is then 400", async () => {
  const client = await fixture.client();
  client.send(`${post()}\x00\x01 garbage\r\n\r\n`);
  const { connection } = await fixture.provider.nextRequest();
  connection.send(jsonResponse(6));
  assert.match((await client.message()).body.toString(), /m-6"/);
  assertErrorResponse(await client.message(), 400, "bad_request");
  await client.hasEnded();
  await fixture.record(expectedRecord(6));
});

const http10 = (...lines: readonly string[]): string =>
  post('{"model":"m-0"}', ...lines).replace("HTTP/1.1", "HTTP/1.0");
const chunked = `${streamHead}${chunk("data: one\n\n")}${chunk("data: two\n\n")}${lastChunk}`;

test("R48: an HTTP/1.0 client gets a chunked body without chunks, and then the end of the connection", async () => {
  const client = await fixture.client();
  client.send(http10());
  const { connection, request } = await fixture.provider.nextRequest();
  assert.match(request.startLine, / HTTP\/1\.1$/);
  connection.send(chunked);
  await client.hasEnded();
  const [head, body] = client.text.split("\r\n\r\n");
  assert.equal(body, "data: one\n\ndata: two\n\n");
  assert.match(head ?? "", /\r\nConnection: close$/);
  assert.doesNotMatch(head ?? "", /transfer-encoding/i);
  client.end();
  await client.close();
  assert.equal(client.wasReset, false, "a complete response ends cleanly");
  await fixture.record({ status: 200, error_type: null, response_bytes: 22 });
});

test("R48: an HTTP/1.0 client that asks for keep-alive keeps its connection after a body of known length", async () => {
  const client = await fixture.client();
  client.send(http10("Connection: keep-alive"));
  const { connection } = await fixture.provider.nextRequest();
  connection.send(jsonResponse(7));
  assert.equal(fieldOf(await client.message(), "connection"), "keep-alive");
  await fixture.record(expectedRecord(7));
  client.send(http10());
  await connection.message();
  connection.send(jsonResponse(8));
  assert.equal(fieldOf(await client.message(), "connection"), "close");
  await client.hasEnded();
  await fixture.record(expectedRecord(8));
});

test("R48: an HTTP/1.0 client may leave Host out; the upstream gets its own host", async () => {
  const client = await fixture.client();
  client.send(http10().replace("Host: gate.test\r\n", ""));
  const { connection, request } = await fixture.provider.nextRequest();
  assert.equal(fieldOf(request, "host"), `127.0.0.1:${fixture.provider.port}`);
  connection.send(jsonResponse(9));
  await client.hasEnded();
  await fixture.record(expectedRecord(9));
});

test("R48: transfer codings in HTTP/1.0 are 400", async () => {
  const client = await fixture.client();
  client.send(
    `POST /openai/v1/chat/completions HTTP/1.0\r\nAuthorization: Bearer ${testKey.key}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  );
  assertErrorResponse(await client.message(), 400, "bad_request");
  assert.equal(fixture.provider.pending, 0);
});

test("a client that asks for it has its connection closed after the response", async () => {
  const client = await fixture.client();
  client.send(post('{"model":"m-0"}', "Connection: close"));
  const { connection, request } = await fixture.provider.nextRequest();
  assert.equal(fieldOf(request, "connection"), undefined, "the upstream connection is kept");
  connection.send(jsonResponse(10));
  assert.equal(fieldOf(await client.message(), "connection"), "close");
  await client.hasEnded();
  await fixture.record(expectedRecord(10));
});

test("a rejected request leaves the connection open unless it has a body", async () => {
  const client = await fixture.client();
  const withUnknownKey = (text: string): string => text.replace(testKey.key, "sk-absent-0123456789");
  client.send(withUnknownKey(get()));
  assertErrorResponse(await client.message(), 403, "forbidden");
  client.send("GET /nowhere HTTP/1.1\r\nHost: h\r\nX-Api-Key: " + testKey.key + "\r\n\r\n");
  assertErrorResponse(await client.message(), 404, "not_found");
  client.send("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n");
  assertErrorResponse(await client.message(), 405, "method_not_allowed");
  client.send(withUnknownKey(post()));
  const last = await client.message();
  assertErrorResponse(last, 403, "forbidden");
  assert.equal(last.body.toString(), '{"error":"forbidden","message":"API key not authorized"}');
  await client.hasEnded();
  assert.equal(fixture.provider.pending, 0);
});
