import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import type { Reading } from "../../src/core/usage.ts";
import { type Fixture, loadFixtures, observe, plainly } from "./fixtures.ts";

const fixtures = loadFixtures();
const streams = fixtures.filter(({ isStream }) => isStream);

for (const fixture of fixtures) {
  test(`${fixture.name} is read as expected`, () => {
    const withRaw = "raw" in Object(fixture.reading["usage"]);
    assert.deepEqual(plainly(observe(fixture.call, [fixture.body]), withRaw), fixture.reading);
  });
}

test("every fixture is read the same byte by byte and cut in two at every position", () => {
  for (const fixture of fixtures) everyCut(fixture, fixture.body, undefined);
});

test("every stream is read the same with CRLF, LF and CR line ends, at every cut", () => {
  for (const fixture of streams) {
    const text = fixture.body.toString().replaceAll("\r\n", "\n");
    for (const end of ["\n", "\r\n", "\r"]) everyCut(fixture, Buffer.from(text.replaceAll("\n", end)), undefined);
  }
});

test("every stream is read the same behind a byte order mark, at every cut", () => {
  const mark = Buffer.from([0xef, 0xbb, 0xbf]);
  for (const fixture of streams) {
    everyCut(fixture, Buffer.concat([mark, fixture.body]), undefined);
  }
});

test("a stream without its last empty line or line end is read the same", () => {
  for (const fixture of streams) {
    const body = Buffer.from(fixture.body.toString().trimEnd());
    agree(fixture, observe(fixture.call, [body]), "trimmed");
  }
});

const CODINGS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => zlib.gzipSync(bytes),
  "x-gzip": (bytes) => zlib.gzipSync(bytes, { level: 1 }),
  deflate: (bytes) => zlib.deflateSync(bytes),
  Deflate: (bytes) => zlib.deflateRawSync(bytes),
  br: (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }),
  zstd: (bytes) => zlib.zstdCompressSync(bytes),
  "gzip, br": (bytes) => zlib.brotliCompressSync(zlib.gzipSync(bytes)),
};

for (const [coding, encode] of Object.entries(CODINGS)) {
  test(`every stream is read the same in ${coding}, cut in two at every position`, () => {
    for (const fixture of streams) everyCut(fixture, encode(fixture.body), coding);
  });

  test(`every plain body is read the same in ${coding}`, () => {
    for (const fixture of fixtures) agree(fixture, observe(fixture.call, [encode(fixture.body)], coding), "whole");
  });
}

test("bodies of several gzip members or zstd frames are read to their end", () => {
  for (const fixture of streams) {
    const middle = fixture.body.length >> 1;
    const halves = [fixture.body.subarray(0, middle), fixture.body.subarray(middle)];
    everyCut(fixture, Buffer.concat(halves.map((half) => zlib.gzipSync(half))), "gzip");
    everyCut(fixture, Buffer.concat(halves.map((half) => zlib.zstdCompressSync(half))), "zstd");
  }
});

function everyCut(fixture: Fixture, body: Buffer, contentEncoding: string | undefined): void {
  agree(fixture, observe(fixture.call, [body], contentEncoding), "whole");
  agree(fixture, observe(fixture.call, bytewise(body), contentEncoding), "byte by byte");
  for (let at = 1; at < body.length; at++) {
    agree(fixture, observe(fixture.call, [body.subarray(0, at), body.subarray(at)], contentEncoding), at);
  }
}

const asWhole = new Map<string, string>();

/** Compared with the reading of the whole body, which the first tests compare with what is expected. */
function agree(fixture: Fixture, reading: Reading, cut: number | string): void {
  let whole = asWhole.get(fixture.name);
  if (whole === undefined) {
    whole = JSON.stringify(observe(fixture.call, [fixture.body]));
    asWhole.set(fixture.name, whole);
  }
  const text = JSON.stringify(reading);
  if (text !== whole) assert.fail(`${fixture.name} cut at ${cut}: ${text} instead of ${whole}`);
}

function* bytewise(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at++) yield body.subarray(at, at + 1);
}
