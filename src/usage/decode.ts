import zlib from "node:zlib";

export type Coding = "gzip" | "deflate" | "br" | "zstd";
/** `stopped`: whoever takes the decoded bytes wants no more of them. */
export type DecodeFault = "encoding" | "too_large" | "stopped";

/** What came over the wire so far: the measure of what may come out, through however many codings. */
export interface Allowance {
  wireBytes: number;
}

/** Takes decoded bytes, which are overwritten afterwards; a fault stops the decoding. */
export type DecodedSink = (bytes: Buffer) => DecodeFault | undefined;

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

/**
 * Undoes one coding, synchronously, giving out at once whatever the bytes so far amount to. Not through the streams of
 * `node:zlib`: they work on the thread pool, which name look-ups share and hung disk calls can fill, they queue without a
 * bound when they fall behind, and cost several times as much on a small body. What they are made of, the native handle with
 * its `writeSync`, is what `gunzipSync` and its kin call and what npm's own tar reader has leaned on for years; should a
 * version of Node lack it, the result is a reading without usage, not a failed call.
 */
export class Decoder {
  readonly #coding: Coding;
  readonly #emit: DecodedSink;
  readonly #allowance: Allowance;
  #stream: NativeDecoder | undefined;
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
    const stream = (this.#stream ??= open(this.#coding, bytes[0] ?? 0));
    if (stream?._handle?.writeSync === undefined) return "encoding";
    const output = this.#roomFor(bytes.length);

    const limit = Math.min(MAX_OUTPUT, FREE_OUTPUT + MAX_RATIO * this.#allowance.wireBytes);
    let left = bytes.length;
    for (;;) {
      stream._handle.writeSync(FLUSH[this.#coding], bytes, bytes.length - left, left, output, 0, output.length);
      if (stream.destroyed) return "encoding";

      const [room = 0, rest = 0] = stream._writeState;
      const length = output.length - room;
      this.#given += length;
      if (this.#given > limit) return "too_large";
      const fault = length > 0 ? this.#emit(output.subarray(0, length)) : undefined;
      if (fault !== undefined) return fault;

      // A zstd decoder stops after every frame, so going round again is also how the next frame begins. Without progress
      // the compressed data has ended, and what follows it is not ours to judge.
      const ended = rest === left && length === 0;
      left = rest;
      if (ended || (left === 0 && room > 0)) return undefined;
    }
  }

  close(): void {
    this.#stream?.close();
    this.#stream = undefined;
    this.#output = undefined;
  }

  #roomFor(inputLength: number): Buffer {
    const wanted = Math.min(MAX_PIECE, Math.max(1024, 8 * inputLength));
    if (this.#output === undefined || this.#output.length < wanted) this.#output = Buffer.allocUnsafe(wanted);
    return this.#output;
  }
}

/** The parts of a `node:zlib` decoder that are used here; the underscored ones are not in its types. */
export interface NativeDecoder {
  readonly _handle?: {
    writeSync(flush: number, input: Buffer, at: number, length: number, output: Buffer, to: number, room: number): void;
  };
  /** Room left in the output, input left over. */
  readonly _writeState: Uint32Array;
  readonly destroyed: boolean;
  on(event: "error", listener: () => void): unknown;
  close(): void;
}

function open(coding: Coding, firstByte: number): NativeDecoder {
  // Our own output buffer is used; the stream's would only cost memory.
  const options = { chunkSize: 64 };
  // Reason for the cast: the two members named in NativeDecoder that the types leave out.
  const stream = create(coding, firstByte, options) as unknown as NativeDecoder;
  // A fault is seen at once in `destroyed`; the event that follows it must only find a listener.
  stream.on("error", () => {});
  return stream;
}

function create(coding: Coding, firstByte: number, options: { chunkSize: number }): object {
  switch (coding) {
    case "gzip":
      return zlib.createGunzip(options);
    case "br":
      return zlib.createBrotliDecompress(options);
    case "zstd":
      // RFC 9659: a window above 8 MB is not for content coding, and would be allocated on the word of a header.
      return zlib.createZstdDecompress({ ...options, params: { [zlib.constants.ZSTD_d_windowLogMax]: 23 } });
    case "deflate":
      // RFC 9110 section 8.4.1.2: some send the bare deflate data without the zlib wrapper, whose first byte ends in 8 (RFC
      // 1950); as bare data that byte would be a stored block with stray padding bits.
      return (firstByte & 0x0f) === 8 ? zlib.createInflate(options) : zlib.createInflateRaw(options);
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
/** Output handed on in one piece. */
const MAX_PIECE = 16 * 1024;
/** What a bomb may cost: a few milliseconds of inflating, and never more than this many times what it sent us. */
const FREE_OUTPUT = 1024 * 1024;
const MAX_RATIO = 100;
const MAX_OUTPUT = 64 * 1024 * 1024;
