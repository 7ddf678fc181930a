import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ChunkedReader } from "./chunked.ts";
import { CHUNK_LIMITS, cut, everySplit, octets } from "./replay.test.ts";
import { isForbiddenTrailer } from "./trailer.ts";

interface Result {
  readonly payload: string;
  readonly framed: string;
  readonly consumed: number;
  readonly done: boolean;
  readonly fault: string | undefined;
}

function read(pieces: readonly Buffer[], limits = CHUNK_LIMITS): Result {
  const reader = new ChunkedReader(limits);
  let payload = "";
  let framed = "";
  let consumed = 0;
  for (const piece of pieces) {
    if (reader.done || reader.fault !== undefined) break;
    consumed += reader.push(piece, 0, {
      payload: (bytes) => (payload += bytes.toString("latin1")),
      framed: (bytes) => (framed += bytes.toString("latin1")),
    });
  }
  return { payload, framed, consumed, done: reader.done, fault: reader.fault?.fault };
}

/** True if a receiver could take the output for a complete body: it contains a whole last chunk line. */
function looksComplete(framed: string): boolean {
  let at = 0;
  for (;;) {
    const end = framed.indexOf("\r\n", at);
    if (end < 0) return false;
    const size = Number.parseInt(framed.slice(at, end), 16);
    if (size === 0) return true;
    at = end + 2 + size + 2;
    if (at > framed.length) return false;
  }
}

test("the reader outputs the data as payload and the body byte for byte, at every split", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["5\r\nhello\r\n0\r\n\r\n", "hello"],
    ["0\r\n\r\n", ""],
    ["0005\r\nhello\r\n000\r\n\r\n", "hello"],
    ["a\r\n0123456789\r\nB\r\n0123456789a\r\n1\r\n\r\r\n0\r\n\r\n", "01234567890123456789a\r"],
    ["2\r\n\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n"],
    ["3\r\n\0\xff\x80\r\n0\r\nX-T: 1\r\nx-u:\r\n\r\n", "\0\xff\x80"],
  ];
  for (const [body, payload] of rows) {
    const bytes = octets(`${body}NEXT`);
    for (const pieces of everySplit(bytes)) {
      const expected = { payload, framed: body, consumed: body.length, done: true, fault: undefined };
      assert.deepEqual(read(pieces), expected, JSON.stringify(body));
    }
  }
});

test("R46: extensions and forbidden trailers are removed and all else stays, at every split", () => {
  const body =
    '5;a\r\nhello\r\n01;a=b;c="d;\\"\xe4";e\r\n!\r\n0;x=y\r\nX-A: 1\r\nAuthorization: Bearer x\r\nHost: b\r\nX-B:  2 \r\n\r\n';
  const framed = "5\r\nhello\r\n01\r\n!\r\n0\r\nX-A: 1\r\nX-B:  2 \r\n\r\n";
  for (const pieces of everySplit(octets(body))) {
    assert.deepEqual(read(pieces), { payload: "hello!", framed, consumed: body.length, done: true, fault: undefined });
  }
});

test("a body without extensions is output as one sub-array of the buffer that was read", () => {
  const bytes = octets(`1\r\nx\r\n5\r\nhello\r\n0\r\n\r\n`);
  const pieces: Buffer[] = [];
  new ChunkedReader(CHUNK_LIMITS).push(bytes, 0, {
    payload: () => undefined,
    framed: (piece) => void pieces.push(piece),
  });
  assert.equal(pieces.length, 1);
  assert.equal(pieces[0]?.buffer, bytes.buffer);
  assert.equal(pieces[0]?.length, bytes.length);
});

test("the body may begin anywhere in the buffer, and is output for forwarding before it is observed", () => {
  const bytes = octets("HEAD5\r\nhello\r\n0\r\n\r\n");
  const seen: string[] = [];
  const reader = new ChunkedReader(CHUNK_LIMITS);
  const end = reader.push(bytes, 4, {
    payload: (piece) => void seen.push(`payload ${piece.toString()}`),
    framed: (piece) => void seen.push(`framed ${piece.length}`),
  });
  assert.equal(end, bytes.length);
  assert.deepEqual(seen, ["framed 15", "payload hello"]);
});

test("S18: a faulty body is rejected at every split, and its output never looks complete", () => {
  const bodies = [
    "0x5\r\nhello\r\n0\r\n\r\n",
    "+5\r\nhello",
    "-5\r\nhello",
    " 5\r\nhello",
    "5 \r\nhello",
    "5	\r\nhello",
    "g\r\n",
    "\r\n",
    ";a\r\n",
    "5\nhello\n0\n\n",
    "5\rhello",
    "5\r\nhello\n0\r\n\r\n",
    "5\r\nhelloworld\r\n0\r\n\r\n",
    "5\r\nhello\rX",
    "5\r\nhell\r\n0\r\n\r\n",
    "20000000000000\r\n",
    "ffffffffffffffff\r\n",
    "10000000000000005\r\n",
    "00000000000000000\r\n\r\n",
    "5;\r\nhello",
    "5; a\r\nhello",
    "5 ;a\r\nhello",
    "5;a=\r\nhello",
    "5;a =b\r\nhello",
    "5;a\nhello",
    "5;a\0\r\n",
    "5;a\r\r\n",
    '5;a="b\r\n',
    '5;a="b"c\r\n',
    "5;=b\r\n",
    "5;a;;b\r\n",
    '5;a="\\\r\n',
    "0;\r\n\r\n",
    "0\n\r\n",
    "0\r\n\n",
    "0\r\n\rX",
    "0\r\nX : y\r\n\r\n",
    "0\r\n X: y\r\n\r\n",
    "0\r\nX: y\n\r\n",
    "0\r\nX: a\r\n b\r\n\r\n",
    "0\r\n: y\r\n\r\n",
    "0\r\nX\r\n\r\n",
    "0\r\nX: \0\r\n\r\n",
    "0\r\nX: a\rb\r\n\r\n",
    "0 \r\n\r\n",
    "0\r\nGET / HTTP/1.1\r\n\r\n",
    "00\0\r\n\r\n",
    "0\r\r\n\r\n",
  ];
  for (const body of bodies) {
    for (const prefix of ["", "3\r\nabc\r\n"]) {
      for (const pieces of everySplit(octets(prefix + body))) {
        const result = read(pieces);
        assert.equal(result.fault, "malformed", JSON.stringify(body));
        assert.equal(result.done, false);
        assert.ok(
          !looksComplete(result.framed),
          `${JSON.stringify(body)} was passed on as ${JSON.stringify(result.framed)}`,
        );
        assert.ok(result.framed.startsWith(prefix) && result.payload.startsWith(prefix === "" ? "" : "abc"));
      }
    }
  }
});

test("a body that is cut short is not done, and its output does not look complete", () => {
  const body = "5\r\nhello\r\n0;a=b\r\nX-T: 1\r\n\r\n";
  for (let end = 0; end < body.length; end++) {
    const result = read([octets(body.slice(0, end))]);
    assert.deepEqual([result.done, result.fault, result.consumed], [false, undefined, end]);
    assert.ok(!looksComplete(result.framed), `${end} bytes`);
  }
});

test("extensions and trailers are bounded", () => {
  const limits = { ...CHUNK_LIMITS, maxExtensionBytes: 10, maxTrailerBytes: 30, maxTrailers: 2 };
  const fault = (body: string): string | undefined => {
    const results = [...everySplit(octets(body))].map((pieces) => read(pieces, limits));
    for (const each of results) assert.equal(each.fault, results[0]?.fault);
    return results[0]?.fault;
  };
  assert.equal(fault(`5;${"a".repeat(10)}\r\nhello\r\n5;${"a".repeat(10)}\r\nhello\r\n0\r\n\r\n`), undefined);
  assert.equal(fault(`5;${"a".repeat(11)}`), "malformed");
  assert.equal(fault(`0\r\nX: ${"a".repeat(23)}\r\n\r\n`), undefined);
  assert.equal(fault(`0\r\nX: ${"a".repeat(24)}\r\n\r\n`), "head-too-large");
  assert.equal(fault("0\r\nA: 1\r\nB: 2\r\n\r\n"), undefined);
  assert.equal(fault("0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n"), "head-too-large");
});

test("after a reset the reader reads another body, whatever the last one was", () => {
  const reader = new ChunkedReader(CHUNK_LIMITS);
  let payload = "";
  const out = { payload: (bytes: Buffer) => (payload += bytes.toString()), framed: () => undefined };
  for (const before of ["0\r\n\r\n", "5;a=b\r", "0\r\nX: ", "x", "5\r\nhe", "1\r\n1\r", "00"]) {
    reader.push(octets(before), 0, out);
    reader.reset();
    payload = "";
    assert.deepEqual([reader.done, reader.fault], [false, undefined]);
    assert.equal(reader.push(octets("2\r\nok\r\n0\r\n\r\n"), 0, out), 12);
    assert.deepEqual([payload, reader.done], ["ok", true]);
  }
});

test("S19: fields that frame, route or authenticate a message are forbidden trailers; others are allowed", () => {
  const forbidden = [
    "transfer-encoding",
    "content-length",
    "host",
    "authorization",
    "proxy-authorization",
    "proxy-anything",
    "cookie",
    "set-cookie",
    "content-encoding",
    "content-type",
    "content-range",
    "trailer",
    "te",
    "connection",
    "keep-alive",
    "upgrade",
    "expect",
    "range",
    "cache-control",
    "if-match",
    "www-authenticate",
    "location",
    "date",
    "vary",
  ];
  for (const name of forbidden) assert.ok(isForbiddenTrailer(name), name);
  for (const name of ["server-timing", "content-digest", "etag", "grpc-status", "x-checksum", "__proto__"]) {
    assert.ok(!isForbiddenTrailer(name), name);
  }
});

test("any body, damaged or not, is read the same in any pieces as in one", () => {
  const part = fc.constantFrom(
    "0",
    "5",
    "a",
    "\r\n",
    "\r",
    "\n",
    ";",
    "=",
    '"',
    "\\",
    "hello",
    "X: y",
    "host:b",
    " ",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(60), { maxLength: 6 }), (parts, places) => {
      const bytes = octets(parts.join(""));
      const whole = read([bytes]);
      const inPieces = read(cut(bytes, places));
      assert.deepEqual(inPieces, whole);
      if (whole.fault !== undefined) assert.ok(!looksComplete(whole.framed));
    }),
    { numRuns: 3000, seed: 7 },
  );
});
