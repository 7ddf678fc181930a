// The end of a request must be unambiguous. If the next server reads another end, a second request can hide in the first.
// LMGate must send one response, close the connection and forward nothing of the hidden request.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { startAttackFixture, goodKey, keyed, type AttackFixture } from "./attack-fixture.ts";
import { jsonResponse } from "./recording-upstream.ts";

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture();
});
after(() => fixture.stop());
beforeEach(() => {
  fixture.takeRequests();
  fixture.upstream.respond = (socket) => void socket.write(jsonResponse());
});

const HIDDEN = keyed("GET", "/openai/smuggled");
const EMPTY_CHUNKED = "0\r\n\r\n";

function post(lines: string, body: string): string {
  return keyed("POST", "/openai/v1/x", lines, body);
}

test("S13: a length beside a transfer coding is rejected in every order, case and spelling", async () => {
  const codings = [
    "Transfer-Encoding: chunked",
    "transfer-encoding:chunked",
    "TRANSFER-ENCODING: Chunked",
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding:",
  ];
  const lengths = ["Content-Length: 5", "content-length:0", "Content-Length: 44", "CONTENT-LENGTH: 005"];
  for (const coding of codings) {
    for (const length of lengths) {
      await fixture.assertRejectedAndClosed(post(`${coding}\r\n${length}\r\n`, EMPTY_CHUNKED + HIDDEN));
      await fixture.assertRejectedAndClosed(post(`${length}\r\n${coding}\r\n`, EMPTY_CHUNKED + HIDDEN));
      await fixture.assertRejectedAndClosed(post(`${length}\r\nX: y\r\n${coding}\r\n`, EMPTY_CHUNKED + HIDDEN));
    }
  }
});

test("S13: a coding or a length that some parsers do not see is seen or rejected here", async () => {
  for (const lines of [
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding\t: chunked\r\n",
    " Transfer-Encoding: chunked\r\n",
    "X: y\r\n Transfer-Encoding: chunked\r\n",
    "X: y\nTransfer-Encoding: chunked\r\n",
    "X: y\rTransfer-Encoding: chunked\r\n",
    "X: y\r\r\nTransfer-Encoding: chunked\r\n",
    "X: y\0\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding\0: chunked\r\n",
    "Transfer-Encoding:\r\n chunked\r\n",
    "Transfer\x80Encoding: chunked\r\n",
    "Transfer Encoding: chunked\r\n",
    "\x0bTransfer-Encoding: chunked\r\n",
    "Content-Length : 5\r\n",
    "Content-Length\x00: 5\r\n",
    "Content-\rLength: 5\r\n",
    ": chunked\r\n",
    "Content-Length[]: 5\r\n",
    "nonsense\r\n",
  ]) {
    await fixture.assertRejectedAndClosed(post(lines, EMPTY_CHUNKED + HIDDEN));
    await fixture.assertRejectedAndClosed(post(`Content-Length: 5\r\n${lines}`, EMPTY_CHUNKED + HIDDEN));
  }
});

test("S13: fields that only look like framing fields frame nothing and are forwarded unchanged", async () => {
  for (const line of [
    "Content_Length: 99",
    "Transfer_Encoding: chunked",
    "X-Content-Length: 99",
    "Content-Length-X: 5",
    "Transfer-Encodin: chunked",
  ]) {
    const { statuses, open } = await fixture.send(post(`${line}\r\n`, HIDDEN));
    assert.deepEqual(statuses, [200, 200], line);
    assert.equal(open, true, line);
    const [first, second] = fixture.takeRequests();
    assert.equal(first?.lines.at(-1), line);
    assert.equal(first.body.length, 0);
    assert.equal(second?.target, "/smuggled"); // not hidden: a request of its own, checked and counted
  }
});

test("S15: a length is digits without a leading zero, once", async () => {
  const values = [
    "+5",
    "-5",
    "-0",
    "0x5",
    "5,5",
    "5, 5",
    "5,6",
    "5;",
    "1 0",
    "1_0",
    "00",
    "005",
    "",
    "5.0",
    "5e0",
    "\x0b5",
    "5\x0c",

    "\xb2",
    "18446744073709551621",
    "9007199254740993",
    "1".repeat(400),
  ];
  for (const value of values)
    await fixture.assertRejectedAndClosed(post(`Content-Length: ${value}\r\n`, `hello${HIDDEN}`));
  for (const [first, second] of [
    [5, 5],
    [5, 6],
    [0, 5],
  ]) {
    await fixture.assertRejectedAndClosed(
      post(`Content-Length: ${first}\r\nContent-Length: ${second}\r\n`, `hello${HIDDEN}`),
    );
  }
  for (const value of ["5", " 5", "5 ", "\t5\t"]) {
    const { statuses } = await fixture.send(post(`Content-Length:${value}\r\n`, `hello${HIDDEN}`));
    assert.deepEqual(statuses, [200, 200]);
    assert.deepEqual(
      fixture.takeRequests().map(({ body }) => body.toString()),
      ["hello", ""],
    );
  }
});

test("S16: the only coding is chunked, once, in HTTP/1.1", async () => {
  const values = [
    "gzip, chunked",
    "chunked, gzip",
    "chunked, identity",
    "chunked, chunked",
    "identity",
    "xchunked",
    "chunkedx",
    "x chunked",
    "chunked;q=1",
    "chunked,",
    ",chunked",
    '"chunked"',
    "\x0bchunked",
    "chunked\x0c",
    "chun\0ked",
    "chunked\0",
    "",
    "deflate",
    "\\chunked",
    "chunked\r\n\tx",
    "chunked\t",
    "chunked\t ",
  ];
  for (const value of values)
    await fixture.assertRejectedAndClosed(post(`Transfer-Encoding: ${value}\r\n`, EMPTY_CHUNKED + HIDDEN));
  for (const [first, second] of [
    ["gzip", "chunked"],
    ["chunked", "gzip"],
    ["chunked", "chunked"],
    ["", "chunked"],
  ]) {
    await fixture.assertRejectedAndClosed(
      post(`Transfer-Encoding: ${first}\r\nTransfer-Encoding: ${second}\r\n`, EMPTY_CHUNKED + HIDDEN),
    );
  }
  await fixture.assertRejectedAndClosed(
    post("Transfer-Encoding: chunked\r\n", EMPTY_CHUNKED + HIDDEN).replace("HTTP/1.1", "HTTP/1.0"),
  );
});

test("S17: a head that breaks the grammar is rejected before any key or route is looked up", async () => {
  for (const line of [
    "X : a",
    " X: a",
    "\tX: a",
    "X[]: a",
    "X(): a",
    ": a",
    "X",
    "X: a\0b",
    "X: a\x07b",
    "X: a\x7fb",
    "X: a\rb",
    "X: a\nb",
    "X: a\r\n b",
    "X\x80: a",
    'X": a',
    "X@Y: a",
  ]) {
    await fixture.assertRejectedAndClosed(keyed("GET", "/openai/x", `${line}\r\n`));
  }
  const plain = keyed("GET", "/openai/x");
  await fixture.assertRejectedAndClosed(plain.replaceAll("\r\n", "\n"));
  await fixture.assertRejectedAndClosed(plain.replace("\r\n\r\n", "\n\n"));
  await fixture.assertRejectedAndClosed(plain.replace("\r\n", "\n"));
  await fixture.assertRejectedAndClosed(plain.replaceAll("\r\n", "\r"));
  await fixture.assertRejectedAndClosed(plain.replace("GET /", "GET  /"));
  await fixture.assertRejectedAndClosed(plain.replace(" HTTP/1.1", "\tHTTP/1.1"));
  await fixture.assertRejectedAndClosed(plain.replace(" HTTP/1.1", " HTTP/1.1 "));
  await fixture.assertRejectedAndClosed(plain.replace("HTTP/1.1", "http/1.1"));
  await fixture.assertRejectedAndClosed(plain.replace("HTTP/1.1", "HTTP/1.1\0"));
  await fixture.assertRejectedAndClosed(plain.replace("HTTP/1.1", "HTTP/11"));
});

test("R44, S33: a head with more fields or bytes than configured is 431, and a key after the limit authorizes nothing", async () => {
  const many = (count: number): string => "a: b\r\n".repeat(count);
  const auth = `Authorization: Bearer ${goodKey.key}\r\n`;
  const get = (lines: string): string => `GET /openai/x HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
  assert.deepEqual((await fixture.send(get(many(998) + auth))).statuses, [200]);
  assert.equal(fixture.takeRequests()[0]?.lines.length, 1000);
  for (const text of [
    get(many(999) + auth),
    get(`${auth}${many(999)}`),
    get(`${many(2500)}x-api-key: ${goodKey.key}\r\n`),
    get(`${auth}${many(2500)}Content-Length: 5\r\n`),
    get(`${auth}X: ${"a".repeat(65_536)}\r\n`),
    get(`${auth}${`X: ${"a".repeat(1000)}\r\n`.repeat(66)}`),
    get(`Authorization: Bearer ${"a".repeat(65_536)}\r\n`),
    keyed("GET", `/openai/${"a".repeat(65_536)}`),
    `GET /openai/${"a".repeat(70_000)}`,
  ]) {
    await fixture.assertRejectedAndClosed(text, 431);
  }
});

test("R44: a head of 60 KB is forwarded unchanged", async () => {
  const lines = `X-Big: ${"b".repeat(60_000)}\r\n`;
  assert.deepEqual((await fixture.send(keyed("GET", "/openai/x", lines))).statuses, [200]);
  assert.equal(`${fixture.takeRequests()[0]?.lines.at(-1)}\r\n`, lines);
});
