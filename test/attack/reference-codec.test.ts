// Raw requests that have been sent to other proxies, and what those did: where one of HAProxy, nginx and Caddy refuses, so must we.
import assert from "node:assert/strict";
import { test } from "node:test";
import { coded, REFERENCE_NAMES, REFERENCE_REQUESTS, sized } from "./reference-requests.ts";
import { cut, everySplit, octets, readRequests, summary } from "../../src/wire/replay.test.ts";

// Sizes are for the configuration to set; these are Node's and close to what the others had when they were asked.
const LIMITS = { maxBytes: 16_384, maxFields: 1000 };

/** Requests whose bytes are in order: what is wrong with them is seen by whoever knows methods, keys and expectations (the gate). */
const NOT_OURS: readonly string[] = ["CONNECT", "TRACE", "Expect other", "dup auth"];

test("every case of the matrix has its bytes and every request its verdicts", () => {
  assert.deepEqual(
    REFERENCE_REQUESTS.map(({ name }) => name),
    REFERENCE_NAMES,
  );
});

for (const { name, bytes: text, refused } of REFERENCE_REQUESTS) {
  const bytes = octets(text);
  const whole = readRequests([bytes], LIMITS);

  if (refused && !NOT_OURS.includes(name)) {
    test(`S13–S18: "${name}" is refused, for others refuse it or read it in another way`, () => {
      assert.notEqual(whole.fault, undefined);
    });
  } else {
    test(`"${name}" is read to its end without a fault`, () => {
      assert.equal(whole.fault, undefined);
      assert.ok(whole.messages.length > 0 && whole.messages.every((message) => message.complete));
    });
  }

  test(`"${name}" gets the same verdict in whatever pieces it comes`, () => {
    const expected = summary(whole);
    const stride = bytes.length > 2000 ? 997 : 1;
    for (const pieces of everySplit(bytes, stride)) assert.deepEqual(summary(readRequests(pieces, LIMITS)), expected);
    assert.deepEqual(summary(readRequests(cut(bytes, [3, 30, 31, 60, 100]), LIMITS)), expected);
  });
}

test("S16: the codings the matrix has no row for are refused as well", () => {
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

test("S15: the lengths the matrix has no row for are refused, and white space around a length is not part of it", () => {
  for (const value of ["-0", "1_0", "00", "5,", "5;", "\xb2", "9007199254740992", "5e0", "5.0", "\x0b5"]) {
    assert.equal(readRequests([octets(sized(value))]).fault?.fault, "malformed", value);
  }
  for (const value of ["5 ", " 5", "\t5\t "])
    assert.equal(readRequests([octets(sized(value))]).messages[0]?.body, "hello", value);
});

test("what can be answered with its own status is told apart: versions from nonsense, size from both", () => {
  const texts = new Map(REFERENCE_REQUESTS.map(({ name, bytes }) => [name, bytes]));
  const fault = (name: string): string | undefined =>
    readRequests([octets(texts.get(name) ?? "")], LIMITS).fault?.fault;
  for (const name of ["HTTP/1.2", "HTTP/2.0 ver"]) assert.equal(fault(name), "version", name);
  for (const name of ["header 20KB", "url 20KB", "2500 tiny then CL body"])
    assert.equal(fault(name), "head-too-large", name);
  for (const name of ["HTTP/0.9", "h2 preface", "garbage", "no Host"]) assert.equal(fault(name), "malformed", name);
});
