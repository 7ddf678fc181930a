import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { littleHeld } from "../harness/little-held.ts";
import { CHAT, EVENTS, JSON_RESPONSE, MESSAGES, read } from "./observe.ts";

const MIB = 1024 * 1024;
const USAGE = '"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}';

/** The growth of memory during the work, inside and outside the heap, garbage included. */
function growth(work: () => void): number {
  const before = process.memoryUsage();
  work();
  const after = process.memoryUsage();
  return after.heapUsed - before.heapUsed + (after.arrayBuffers - before.arrayBuffers);
}

/** Yields one small piece many times: a large body that is not in memory. */
function* repeated(piece: Buffer, times: number): Generator<Buffer> {
  for (let count = 0; count < times; count++) yield piece;
}

const INFLATED = 50 * MIB;
const BOMBS: Readonly<Record<string, Buffer>> = {
  gzip: zlib.gzipSync(Buffer.alloc(INFLATED, " ")),
  deflate: zlib.deflateSync(Buffer.alloc(INFLATED, "x")),
  br: zlib.brotliCompressSync(Buffer.alloc(INFLATED, "x")),
  zstd: zlib.zstdCompressSync(Buffer.alloc(INFLATED, "x")),
};

for (const [coding, bomb] of Object.entries(BOMBS)) {
  test(`S40: a ${coding} bomb of ${bomb.length} bytes stops the observation, not the request`, () => {
    const body = Buffer.concat([bomb]);
    const grown = growth(() => {
      const reading = read({ response: { contentEncoding: coding }, body });
      // It stops at the first byte, which is not JSON, or at the limit, and never inflates to the end.
      assert.match(reading.reason ?? "", /too_large|opaque/);
      assert.equal(reading.state, "missing");
    });
    assert.ok(grown < INFLATED / 2, `${grown} bytes`);
  });
}

test("S40: a bomb that begins like a response is stopped by the limit on its ratio", () => {
  for (const encode of [zlib.gzipSync, zlib.brotliCompressSync, zlib.zstdCompressSync]) {
    const bomb = encode(
      Buffer.concat([Buffer.from('{"x":"'), Buffer.alloc(50 * MIB, "x"), Buffer.from(`",${USAGE}}`)]),
    );
    const coding = encode === zlib.gzipSync ? "gzip" : encode === zlib.brotliCompressSync ? "br" : "zstd";
    const reading = read({ response: { contentEncoding: coding }, body: bomb });
    assert.deepEqual([reading.state, reading.reason, reading.usage], ["missing", "too_large", undefined], coding);
  }
});

test("S40: the limit for nested bombs depends on the bytes received", () => {
  const inner = zlib.gzipSync(Buffer.concat([Buffer.from('{"x":"'), Buffer.alloc(200 * MIB, "x")]));
  const reading = read({ response: { contentEncoding: "gzip, gzip" }, body: zlib.gzipSync(inner) });
  assert.equal(reading.reason, "too_large");
});

test("S40: the usage read before a bomb is kept as partial", () => {
  const bomb = zlib.gzipSync(Buffer.concat([Buffer.from(`{${USAGE},"x":"`), Buffer.alloc(50 * MIB, "x")]));
  const reading = read({ response: { contentEncoding: "gzip" }, body: bomb });
  assert.deepEqual([reading.state, reading.reason, reading.usage?.inputTokens], ["partial", "too_large", 9]);
});

test("S40: a thousand nested encodings are not decoded", () => {
  const contentEncoding = Array<string>(1000).fill("gzip").join(", ");
  const reading = read({ response: { contentEncoding }, body: zlib.gzipSync(`{${USAGE}}`) });
  assert.deepEqual([reading.state, reading.reason], ["missing", "encoding"]);
});

test("S40: a stream with a window above 8 MB is rejected before the window is allocated", () => {
  const options = { params: { [zlib.constants.ZSTD_c_windowLog]: 27, [zlib.constants.ZSTD_c_compressionLevel]: 3 } };
  const body = zlib.zstdCompressSync(Buffer.alloc(20 * MIB, `{${USAGE}}    `), options);
  assert.match(read({ response: { contentEncoding: "zstd" }, body }).reason ?? "", /encoding|too_large/);
});

test("bytes in another coding than declared end the observation", () => {
  for (const contentEncoding of ["gzip", "deflate", "br", "zstd", "compress", "rot13", "gzip, rot13"]) {
    const body = Buffer.from(`{${USAGE}} and so on, long enough to be noticed by any decoder`);
    const reading = read({ response: { contentEncoding }, body });
    assert.equal(reading.state, "missing", contentEncoding);
    assert.match(reading.reason ?? "", /encoding|opaque|absent|unparsable/, contentEncoding);
    assert.equal(reading.usage, undefined, contentEncoding);
  }
});

test("S43: a document ten million levels deep needs constant memory, and the members after it are read", () => {
  const open = Buffer.from("[".repeat(10_000));
  const close = Buffer.from("]".repeat(10_000));
  function* body(): Generator<Buffer> {
    yield Buffer.from('{"x":');
    yield* repeated(open, 1000);
    yield* repeated(close, 1000);
    yield Buffer.from(`,${USAGE}}`);
  }
  assert.equal(read({ body: littleHeld(body()) }).usage?.inputTokens, 9);
});

test("S43: usage a million levels deep is unknown, not an exception", () => {
  const body = `{"usage":${'{"a":'.repeat(1_000_000)}1${"}".repeat(1_000_000)},"model":"m"}`;
  const reading = read({ body });
  assert.deepEqual([reading.state, reading.reason, reading.responseModel], ["missing", "absent", "m"]);
});

test("S43: a million members need constant memory, even with integer names", () => {
  const piece = Buffer.from(Array.from({ length: 1000 }, (_, index) => `"${index * 4_294_967}":${index},`).join(""));
  function* body(): Generator<Buffer> {
    yield Buffer.from("{");
    yield* repeated(piece, 1000);
    yield Buffer.from(`${USAGE}}`);
  }
  assert.equal(read({ body: littleHeld(body()) }).usage?.inputTokens, 9);
});

test("S43: a number of 50 MB is skipped, and dropped if its value is wanted", () => {
  const digits = Buffer.alloc(MIB, "9");
  function* body(name: string): Generator<Buffer> {
    yield Buffer.from(`{"${name}":1`);
    yield* repeated(digits, 50);
    yield Buffer.from(`,${USAGE}}`);
  }
  for (const name of ["x", "model", "service_tier"]) {
    assert.equal(read({ body: littleHeld(body(name)) }).usage?.inputTokens, 9, name);
  }
});

test("a key of 50 MB, a string of 50 MB and 50 MB of backslashes are skipped in constant memory", () => {
  for (const [open, fill] of [
    ["", "k"],
    ['x":"', "s"],
    ['x":"', "\\"],
    ['x":"', '\\"'],
  ] as const) {
    function* body(): Generator<Buffer> {
      yield Buffer.from(`{"${open}`);
      yield* repeated(Buffer.alloc(MIB, fill), 50);
      yield Buffer.from(`"${open === "" ? ":1" : ""},${USAGE}}`);
    }
    assert.equal(read({ body: littleHeld(body()) }).usage?.inputTokens, 9, fill);
  }
});

test("S43: the last of duplicate members counts, names are case-sensitive, and escapes are decoded", () => {
  const request = (text: string): string | undefined => read({ requestBody: text, body: "{}" }).requestModel;
  assert.equal(request('{"model":"a","model":"b"}'), "b");
  assert.equal(request('{"model":"a","Model":"b"}'), "a");
  assert.equal(request('{"mod\\u0065l":"a"}'), "a");
  assert.equal(request('{"model":"a\\u0000b"}'), "a\u0000b");
  assert.equal(request('{"x":{"model":"inner"},"model":"outer"}'), "outer");
  assert.equal(request('{"messages":[{"model":"inner"}]}'), undefined);
  assert.equal(request('{"model":["a"]}'), undefined);
  assert.equal(read({ body: `{${USAGE},"usage":{"prompt_tokens":10}}` }).usage?.inputTokens, 10);
});

test("S43: no name in a document reaches a prototype", () => {
  const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"];
  const members = names.map((name) => `"${name}":{"prompt_tokens":5,"polluted":1}`).join(",");
  const usage = `{"prompt_tokens":9,${members},"prompt_tokens_details":{${members}}}`;
  for (const request of [CHAT, MESSAGES]) {
    read({
      request,
      requestBody: `{${members},"model":"m"}`,
      body: `{${members},"usage":${usage},"error":{${members}}}`,
    });
  }
  const stream = `data: {"type":"message_start","message":{"usage":${usage}}}\n\ndata: {"type":"message_delta","usage":${usage}}\n\n`;
  const reading = read({ request: MESSAGES, response: EVENTS, body: stream });
  assert.equal("polluted" in {}, false);
  assert.equal("polluted" in Object.prototype, false);
  assert.equal(reading.usage?.inputTokens, undefined);
});

test("the observer does not change its buffers", () => {
  const bytes = Buffer.from(`data: {"choices":[{}],${USAGE}}\n\ndata: [DONE]\n\n`);
  const copy = Buffer.from(bytes);
  read({ response: EVENTS, body: [bytes] });
  const packed = zlib.gzipSync(copy);
  const packedCopy = Buffer.from(packed);
  read({ response: { ...EVENTS, contentEncoding: "gzip" }, body: [packed] });
  assert.deepEqual([bytes, packed], [copy, packedCopy]);
});

test("S26: text that looks like a key is stored neither as a model nor as an error type", () => {
  const key = "sk-proj-abcdefghijklmnop1234";
  const reading = read({
    requestBody: JSON.stringify({ model: key }),
    response: { status: 401 },
    body: JSON.stringify({
      model: "AIzaSyA1234567890abcdefghij",
      error: { code: key, message: `Incorrect API key: ${key}` },
    }),
  });
  assert.deepEqual([reading.requestModel, reading.responseModel], ["[redacted]", "[redacted]"]);
  assert.equal(reading.errorType, undefined);
  assert.equal(JSON.stringify(reading).includes("abcdefghij"), false);
});

test("long names are cut", () => {
  const reading = read({
    requestBody: JSON.stringify({ model: "m".repeat(10_000) }),
    response: { status: 400 },
    body: JSON.stringify({ error: { code: "e".repeat(200) } }),
  });
  assert.deepEqual([reading.requestModel?.length, reading.errorType?.length], [256, 64]);
});

test("a usage object too large for a record is read but not stored", () => {
  const usage = { prompt_tokens: 9, completion_tokens: 2, notes: "x".repeat(5000) };
  const reading = read({ response: JSON_RESPONSE, body: JSON.stringify({ usage }) });
  assert.deepEqual([reading.usage?.inputTokens, reading.usage?.raw], [9, undefined]);
});
