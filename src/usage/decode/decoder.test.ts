import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { codingsOf, openDecoding } from "./decoder.ts";
import { DecoderPool } from "./decoder-pool.ts";

test("codings are read as a list in any case, identity left out", () => {
  assert.deepEqual(codingsOf(undefined), []);
  assert.deepEqual(codingsOf(""), []);
  assert.deepEqual(codingsOf("identity"), []);
  assert.deepEqual(codingsOf("GZip"), ["gzip"]);
  assert.deepEqual(codingsOf("x-gzip , identity,br"), ["gzip", "br"]);
});

test("codings that we cannot undo, or too many of them, are none", () => {
  for (const value of ["compress", "gzip, lzma", "dcb", "gzip,gzip,gzip,gzip,gzip"])
    assert.equal(codingsOf(value), undefined);
});

const FLUSHED: Readonly<Record<string, () => zlib.Gzip | zlib.BrotliCompress | zlib.ZstdCompress>> = {
  gzip: () => zlib.createGzip(),
  deflate: () => zlib.createDeflate(),
  br: () => zlib.createBrotliCompress(),
  zstd: () => zlib.createZstdCompress(),
};

for (const [coding, create] of Object.entries(FLUSHED)) {
  test(`what a ${coding} stream has flushed is decoded before more comes`, async () => {
    const received: string[] = [];
    const decoding = openDecoding(coding, new DecoderPool(), (bytes) => {
      received.push(bytes.toString());
      return undefined;
    });
    assert.ok(decoding);
    const encoder = create();
    for (const event of ["data: one\n\n", "data: two\n\n", "data: three\n\n"]) {
      encoder.write(event);
      await new Promise<void>((resolve) => encoder.flush(resolve));
      received.length = 0;
      // Reason for the cast: an encoder without an encoding set gives out buffers.
      for (let piece = encoder.read() as Buffer | null; piece !== null; piece = encoder.read() as Buffer | null) {
        assert.equal(decoding.write(piece), undefined);
      }
      assert.equal(received.join(""), event);
    }
    decoding.close();
    encoder.destroy();
  });
}

test("a large body is handed on in pieces, whole and in order", () => {
  const body = Buffer.from(Array.from({ length: 40_000 }, (_, index) => `line ${index}`).join("\n"));
  const packed = zlib.gzipSync(body);
  const pieces: Buffer[] = [];
  const decoding = openDecoding("gzip", new DecoderPool(), (bytes) => {
    pieces.push(Buffer.from(bytes));
    return undefined;
  });
  for (let at = 0; at < packed.length; at += 1000)
    assert.equal(decoding?.write(packed.subarray(at, at + 1000)), undefined);
  assert.ok(Buffer.concat(pieces).equals(body));
  assert.ok(pieces.every(({ length }) => length <= 16 * 1024));
  decoding?.close();
});

test("a sink that wants no more stops the decoding", () => {
  let calls = 0;
  const decoding = openDecoding("gzip", new DecoderPool(), () => {
    calls++;
    return "stopped";
  });
  assert.equal(decoding?.write(zlib.gzipSync(Buffer.alloc(100_000))), "stopped");
  assert.equal(calls, 1);
  decoding?.close();
});

for (const [coding, encode] of [
  ["gzip", zlib.gzipSync],
  ["deflate", zlib.deflateSync],
  ["deflate", zlib.deflateRawSync],
] as const) {
  test(`a decoder for ${coding} (${encode.name}) begins anew however the body before it ended`, () => {
    const pool = new DecoderPool();
    const before = encode(Buffer.from("what one caller was answered ".repeat(200)));
    const after = encode(Buffer.from("what another was"));
    const damaged = Buffer.concat([before.subarray(0, 20), Buffer.alloc(20, 0xff)]);
    for (const body of [before, before.subarray(0, 40), damaged, Buffer.concat([before, Buffer.from("behind")])]) {
      const abandoned = openDecoding(coding, pool, () => undefined);
      abandoned?.write(body);
      abandoned?.close();

      let text = "";
      const decoding = openDecoding(coding, pool, (bytes) => {
        text += bytes.toString();
        return undefined;
      });
      assert.equal(decoding?.write(after), undefined);
      decoding?.close();
      assert.equal(text, "what another was");
    }
  });
}
