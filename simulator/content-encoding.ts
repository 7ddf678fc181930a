import type { Transform } from "node:stream";
import {
  brotliCompressSync,
  brotliDecompressSync,
  createBrotliCompress,
  createDeflate,
  createGzip,
  createZstdCompress,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";

import type { Encoding } from "./directions.ts";

export function encodeWhole(text: string, encoding: Encoding): Buffer {
  const bytes = Buffer.from(text);
  switch (encoding) {
    case "identity":
      return bytes;
    case "gzip":
      return gzipSync(bytes);
    case "br":
      return brotliCompressSync(bytes);
    case "deflate":
      return deflateSync(bytes);
    case "zstd":
      return zstdCompressSync(bytes);
  }
}

/** Decodes a request body, which may be compressed as well. */
export function decodeWhole(bytes: Buffer, encoding: string): Buffer {
  switch (encoding) {
    case "gzip":
      return gunzipSync(bytes);
    case "br":
      return brotliDecompressSync(bytes);
    case "deflate":
      return inflateSync(bytes);
    case "zstd":
      return zstdDecompressSync(bytes);
    default:
      return bytes;
  }
}

type Compressor = Transform & { flush(done: () => void): void };

const compressors: Readonly<Record<Exclude<Encoding, "identity">, () => Compressor>> = {
  gzip: createGzip,
  br: createBrotliCompress,
  deflate: createDeflate,
  zstd: createZstdCompress,
};

/** Compresses frame by frame and flushes after each, as providers do with event streams. */
export class StreamEncoder {
  #compressor: Compressor;
  #out: Buffer[] = [];

  constructor(encoding: Exclude<Encoding, "identity">) {
    this.#compressor = compressors[encoding]();
    this.#compressor.on("data", (bytes: Buffer) => void this.#out.push(bytes));
  }

  async encode(text: string): Promise<Buffer> {
    this.#compressor.write(text);
    await new Promise<void>((resolve) => this.#compressor.flush(resolve));
    return this.#take();
  }

  async finish(): Promise<Buffer> {
    await new Promise<void>((resolve) => {
      this.#compressor.once("end", resolve);
      this.#compressor.end();
    });
    return this.#take();
  }

  #take(): Buffer {
    const bytes = Buffer.concat(this.#out);
    this.#out = [];
    return bytes;
  }
}
