import zlib from "node:zlib";
import { type DecodedSink, type DecodeFault, MAX_PIECE, NativeDecoder, NO_BUFFER } from "./native-decoder.ts";

export type Coding = "gzip" | "deflate" | "br" | "zstd";

/** What came over the wire so far: the measure of what may come out, through however many codings. */
export interface Allowance {
  wireBytes: number;
}

/** The codings of a `content-encoding` in the order they were applied; `undefined` if we cannot undo them all. */
export function codingsOf(contentEncoding: string | undefined): readonly Coding[] | undefined {
  if (contentEncoding === undefined || contentEncoding === "") return [];
  // A list of a thousand codings is an attack, and long before that nobody's intention.
  if (contentEncoding.length > 64) return undefined;

  const codings: Coding[] = [];
  for (const item of contentEncoding.split(",")) {
    const name = item.trim().toLowerCase();
    if (name === "" || name === "identity") continue;
    const coding = CODINGS.get(name);
    if (coding === undefined || codings.length === MAX_CODINGS) return undefined;
    codings.push(coding);
  }
  return codings;
}

/** Undoes one coding, within the bounds that a bomb must not break. */
export class Decoder {
  readonly #coding: Coding;
  readonly #emit: DecodedSink;
  readonly #allowance: Allowance;
  #native: NativeDecoder | undefined;
  #output: Buffer | undefined;
  #given = 0;

  constructor(coding: Coding, allowance: Allowance, emit: DecodedSink) {
    this.#coding = coding;
    this.#allowance = allowance;
    this.#emit = emit;
  }

  /** Decodes the bytes; what is handed to `emit` is overwritten by the next call. */
  write(bytes: Buffer): DecodeFault | undefined {
    if (bytes.length === 0) return undefined;
    this.#native ??= this.#open(bytes[0] ?? 0);
    return this.#native.write(bytes, this.#roomFor(bytes.length));
  }

  close(): void {
    this.#native?.close();
    this.#native = undefined;
    this.#output = undefined;
  }

  #open(firstByte: number): NativeDecoder {
    return new NativeDecoder(create(this.#coding, firstByte), FLUSH[this.#coding], (bytes) => {
      this.#given += bytes.length;
      const limit = Math.min(MAX_OUTPUT, FREE_OUTPUT + MAX_RATIO * this.#allowance.wireBytes);
      return this.#given > limit ? "too_large" : this.#emit(bytes);
    });
  }

  #roomFor(inputLength: number): Buffer {
    const wanted = Math.min(MAX_PIECE, Math.max(1024, 8 * inputLength));
    if (this.#output === undefined || this.#output.length < wanted) this.#output = Buffer.allocUnsafe(wanted);
    return this.#output;
  }
}

function create(coding: Coding, firstByte: number): object {
  switch (coding) {
    case "gzip":
      return zlib.createGunzip(NO_BUFFER);
    case "br":
      return zlib.createBrotliDecompress(NO_BUFFER);
    case "zstd":
      // RFC 9659: a window above 8 MB is not for content coding, and would be allocated on the word of a header.
      return zlib.createZstdDecompress({ ...NO_BUFFER, params: { [zlib.constants.ZSTD_d_windowLogMax]: 23 } });
    case "deflate":
      // RFC 9110 section 8.4.1.2: some send the bare deflate data without the zlib wrapper, whose first byte ends in 8 (RFC
      // 1950); as bare data that byte would be a stored block with stray padding bits.
      return (firstByte & 0x0f) === 8 ? zlib.createInflate(NO_BUFFER) : zlib.createInflateRaw(NO_BUFFER);
  }
}

const CODINGS: ReadonlyMap<string, Coding> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "br"],
  ["zstd", "zstd"],
]);

const FLUSH: Readonly<Record<Coding, number>> = {
  gzip: zlib.constants.Z_SYNC_FLUSH,
  deflate: zlib.constants.Z_SYNC_FLUSH,
  br: zlib.constants.BROTLI_OPERATION_FLUSH,
  zstd: zlib.constants.ZSTD_e_flush,
};

const MAX_CODINGS = 4;
/** What a bomb may cost: a few milliseconds of inflating, and never more than this many times what it sent us. */
const FREE_OUTPUT = 1024 * 1024;
const MAX_RATIO = 100;
const MAX_OUTPUT = 64 * 1024 * 1024;
