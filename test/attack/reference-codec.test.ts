// Raw requests that were sent to other proxies, with what those did. LMGate must reject what HAProxy, nginx or Caddy rejects.
import assert from "node:assert/strict";
import { test } from "node:test";
import { coded, REFERENCE_NAMES, REFERENCE_REQUESTS, sized } from "./reference-requests.ts";
import { cut, everySplit, octets, readRequests, summary } from "../../src/wire/replay.test.ts";

// The limits are configurable. These are those of Node.js and close to those of the other proxies when they were measured.
const LIMITS = { maxBytes: 16_384, maxFields: 1000 };

/** Valid bytes that LMGate rejects later, for their method, key or expectation. */
const VALID_BYTES: readonly string[] = ["CONNECT", "TRACE", "Expect other", "dup auth"];

test("every case of the matrix has bytes, and every request has results", () => {
  assert.deepEqual(
    REFERENCE_REQUESTS.map(({ name }) => name),
    REFERENCE_NAMES,
  );
});

for (const { name, bytes: text, rejected: target } of REFERENCE_REQUESTS) {
  const bytes = octets(text);
  const whole = readRequests([bytes], LIMITS);

  if (target && !VALID_BYTES.includes(name)) {
    test(`S13–S18: "${name}" is rejected, because others reject it or read it differently`, () => {
      assert.notEqual(whole.fault, undefined);
    });
  } else {
    test(`"${name}" is read to its end without a fault`, () => {
      assert.equal(whole.fault, undefined);
      assert.ok(whole.messages.length > 0 && whole.messages.every((message) => message.complete));
    });
  }

  test(`"${name}" is read the same in any pieces`, () => {
    const expected = summary(whole);
    const stride = bytes.length > 2000 ? 997 : 1;
    for (const pieces of everySplit(bytes, stride)) assert.deepEqual(summary(readRequests(pieces, LIMITS)), expected);
    assert.deepEqual(summary(readRequests(cut(bytes, [3, 30, 31, 60, 100]), LIMITS)), expected);
  });
}

test("S16: codings without a row in the matrix are rejected too", () => {
  for (const value of [
    "chunked;q=1",
    "chunked\t",
    "chunked \t ",
    "chunked,",
    ",chunked",
    '"chunked"',
    "chun\0ked",
    "deflate",
    "chunked\r\n\tx",
  ]) {
    assert.equal(readRequests([octets(coded(value))]).fault?.fault, "malformed", value);
  }
  for (const value of ["Chunked", "\tchunked  "]) assert.equal(readRequests([octets(coded(value))]).fault, undefined);
});

test("S15: lengths without a row in the matrix are rejected, and white space around a length is not part of it", () => {
  for (const value of ["-0", "1_0", "00", "5,", "5;", "\xb2", "9007199254740992", "5e0", "5.0", "\x0b5"]) {
    assert.equal(readRequests([octets(sized(value))]).fault?.fault, "malformed", value);
  }
  for (const value of ["5 ", " 5", "\t5\t "])
    assert.equal(readRequests([octets(sized(value))]).messages[0]?.body, "hello", value);
});

test("faults with a status of their own are told apart: version, size and everything else", () => {
  const texts = new Map(REFERENCE_REQUESTS.map(({ name, bytes }) => [name, bytes]));
  const fault = (name: string): string | undefined =>
    readRequests([octets(texts.get(name) ?? "")], LIMITS).fault?.fault;
  for (const name of ["HTTP/1.2", "HTTP/2.0 ver"]) assert.equal(fault(name), "version", name);
  for (const name of ["header 20KB", "url 20KB", "2500 tiny then CL body"])
    assert.equal(fault(name), "head-too-large", name);
  for (const name of ["HTTP/0.9", "h2 preface", "garbage", "no Host"]) assert.equal(fault(name), "malformed", name);
});
