import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { codingsOf, openDecoding } from "./decoder.ts";
import { DecoderPool } from "./decoder-pool.ts";

test("content codings are a case-insensitive list, and identity is ignored", () => {
  assert.deepEqual(codingsOf(undefined), []);
  assert.deepEqual(codingsOf(""), []);
  assert.deepEqual(codingsOf("identity"), []);
  assert.deepEqual(codingsOf("GZip"), ["gzip"]);
  assert.deepEqual(codingsOf("x-gzip , identity,br"), ["gzip", "br"]);
});

test("an unknown coding, or more than four, makes the list unusable", () => {
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
  test(`data that a ${coding} encoder flushed is decoded before more arrives`, async () => {
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
      // Reason for the cast: an encoder without an encoding set returns buffers.
      for (let piece = encoder.read() as Buffer | null; piece !== null; piece = encoder.read() as Buffer | null) {
        assert.equal(decoding.write(piece), undefined);
      }
      assert.equal(received.join(""), event);
    }
    decoding.close();
    encoder.destroy();
  });
}

test("a large body is emitted in pieces, complete and in order", () => {
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

test("a sink that returns stopped ends the decoding", () => {
  let emitted = 0;
  const decoding = openDecoding("gzip", new DecoderPool(), () => {
    emitted++;
    return "stopped";
  });
  assert.equal(decoding?.write(zlib.gzipSync(Buffer.alloc(100_000))), "stopped");
  assert.equal(emitted, 1);
  decoding?.close();
});

for (const [coding, encode] of [
  ["gzip", zlib.gzipSync],
  ["deflate", zlib.deflateSync],
  ["deflate", zlib.deflateRawSync],
] as const) {
  test(`a decoder for ${coding} (${encode.name}) starts fresh after a body that was complete, cut off or damaged`, () => {
    const pool = new DecoderPool();
    const before = encode(Buffer.from("the response of one client ".repeat(200)));
    const after = encode(Buffer.from("the response of another"));
    const damaged = Buffer.concat([before.subarray(0, 20), Buffer.alloc(20, 0xff)]);
    for (const body of [before, before.subarray(0, 40), damaged, Buffer.concat([before, Buffer.from("trailing")])]) {
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
      assert.equal(text, "the response of another");
    }
  });
}
