import { type DecodedSink, type DecodeFailure, MAX_PIECE, type ZlibDecoder } from "./zlib-decoder.ts";
import type { DecoderKind, DecoderPool } from "./decoder-pool.ts";

export type Coding = "gzip" | "deflate" | "br" | "zstd";

/** The compressed bytes received. They limit the output, through however many codings. */
export interface WireCounter {
  wireBytes: number;
}

/** Undoes all codings of a body, the last one applied first. */
export interface Decoding {
  write(bytes: Buffer): DecodeFailure | undefined;
  close(): void;
}

/** Returns `undefined` if a coding is unknown or there are too many. */
export function openDecoding(
  contentEncoding: string | undefined,
  pool: DecoderPool,
  emit: DecodedSink,
): Decoding | undefined {
  if (contentEncoding === undefined) return { write: emit, close: () => {} };
  const codings = codingsOf(contentEncoding);
  return codings === undefined ? undefined : chain(codings, pool, emit);
}

function chain(codings: readonly Coding[], pool: DecoderPool, emit: DecodedSink): Decoding {
  const received = { wireBytes: 0 };
  const decoders: Decoder[] = [];
  let write = emit;
  for (const coding of codings) {
    const decoder = new Decoder(coding, pool, received, write);
    decoders.push(decoder);
    write = (bytes) => decoder.write(bytes);
  }
  const undo = write;
  return {
    write: (bytes) => {
      received.wireBytes += bytes.length;
      return undo(bytes);
    },
    close: () => {
      for (const decoder of decoders) decoder.close();
    },
  };
}

/**
 * The codings of a `content-encoding` in the order they were applied; `undefined` if one is unknown or there are too
 * many.
 */
export function codingsOf(contentEncoding: string | undefined): readonly Coding[] | undefined {
  if (contentEncoding === undefined || contentEncoding === "") return [];
  // A longer list is an attack.
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

/** Undoes one coding. The output is limited against decompression bombs. */
class Decoder {
  readonly #coding: Coding;
  readonly #pool: DecoderPool;
  readonly #emit: DecodedSink;
  #kind: DecoderKind = "gzip";
  #native: ZlibDecoder | undefined;
  #output: Buffer | undefined;
  #outputBytes = 0;

  constructor(coding: Coding, pool: DecoderPool, received: WireCounter, emit: DecodedSink) {
    this.#coding = coding;
    this.#pool = pool;
    this.#emit = (bytes) => {
      this.#outputBytes += bytes.length;
      const limit = Math.min(MAX_OUTPUT, FREE_OUTPUT + MAX_RATIO * received.wireBytes);
      return this.#outputBytes > limit ? "too_large" : emit(bytes);
    };
  }

  /** Decodes the bytes. The next call overwrites the buffer that `emit` gets. */
  write(bytes: Buffer): DecodeFailure | undefined {
    if (bytes.length === 0) return undefined;
    this.#native ??= this.#open(bytes[0] ?? 0);
    return this.#native.write(bytes, this.#roomFor(bytes.length), this.#emit);
  }

  close(): void {
    if (this.#native !== undefined) this.#pool.release(this.#kind, this.#native);
    this.#native = undefined;
    this.#output = undefined;
  }

  #open(firstByte: number): ZlibDecoder {
    this.#kind = kindOf(this.#coding, firstByte);
    return this.#pool.take(this.#kind);
  }

  #roomFor(inputLength: number): Buffer {
    const wanted = Math.min(MAX_PIECE, Math.max(1024, 8 * inputLength));
    if (this.#output === undefined || this.#output.length < wanted) this.#output = Buffer.allocUnsafe(wanted);
    return this.#output;
  }
}

// RFC 9110 section 8.4.1.2: some servers send raw deflate data without the zlib wrapper, whose first byte ends in 8
// (RFC 1950). In raw data that byte would be a stored block with stray padding bits.
function kindOf(coding: Coding, firstByte: number): DecoderKind {
  if (coding !== "deflate") return coding;
  return (firstByte & 0x0f) === 8 ? "zlib" : "deflate";
}

const CODINGS: ReadonlyMap<string, Coding> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "br"],
  ["zstd", "zstd"],
]);

const MAX_CODINGS = 4;
/** The cost of a decompression bomb: a few milliseconds of inflating, and at most this many times the bytes it sent. */
const FREE_OUTPUT = 1024 * 1024;
const MAX_RATIO = 100;
const MAX_OUTPUT = 64 * 1024 * 1024;
