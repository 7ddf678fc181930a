import type { BodyFraming } from "../wire/body.ts";
import { ChunkedReader, type ChunkedOutput } from "../wire/chunked.ts";
import type { WireFault } from "../wire/fault.ts";
import { isForbiddenTrailer } from "../wire/trailer.ts";
import { CREDENTIAL_FIELDS } from "./credentials.ts";

/** Where the bytes of a body go: on to the other side, and past the observer. */
export interface BodySink {
  forward(bytes: Buffer): void;
  observe(payload: Buffer): void;
}

const CHUNK_LIMITS = {
  maxExtensionBytes: 4_096,
  maxTrailerBytes: 16_384,
  maxTrailers: 100,
  // A key in a trailer would pass unchecked, and ours end here.
  dropTrailer: (name: string) =>
    isForbiddenTrailer(name) || CREDENTIAL_FIELDS.has(name) || name.startsWith("x-lmgate-"),
};

/**
 * Passes a body on as it is framed: the very buffers that were read, cut only where the body ends. `dechunk` is for
 * HTTP/1.0 receivers, which get the payload alone.
 */
export class BodyRelay implements ChunkedOutput {
  /** Payload bytes so far. */
  bytes = 0;
  done: boolean;
  fault: WireFault | undefined;
  readonly #kind: BodyFraming["kind"];
  readonly #sink: BodySink;
  readonly #dechunk: boolean;
  readonly #chunks: ChunkedReader | undefined;
  #remaining: number;

  constructor(framing: BodyFraming, sink: BodySink, dechunk: boolean) {
    this.#kind = framing.kind;
    this.#sink = sink;
    this.#dechunk = dechunk;
    this.#remaining = framing.kind === "length" ? framing.length : 0;
    this.#chunks = framing.kind === "chunked" ? new ChunkedReader(CHUNK_LIMITS) : undefined;
    this.done = framing.kind === "none" || (framing.kind === "length" && framing.length === 0);
  }

  /** Whether the end of the connection is the end of this body. */
  get untilClose(): boolean {
    return this.#kind === "until-close";
  }

  /** Takes bytes from the wire; returns how many of them belong to this body. */
  push(bytes: Buffer): number {
    if (this.done || bytes.length === 0) return 0;
    if (this.#chunks !== undefined) return this.#pushChunked(this.#chunks, bytes);
    let piece = bytes;
    if (this.#kind === "length") {
      if (bytes.length > this.#remaining) piece = bytes.subarray(0, this.#remaining);
      this.#remaining -= piece.length;
      this.done = this.#remaining === 0;
    }
    this.bytes += piece.length;
    this.#sink.forward(piece);
    this.#sink.observe(piece);
    return piece.length;
  }

  payload(bytes: Buffer): void {
    this.bytes += bytes.length;
    if (this.#dechunk) this.#sink.forward(bytes);
    this.#sink.observe(bytes);
  }

  framed(bytes: Buffer): void {
    if (!this.#dechunk) this.#sink.forward(bytes);
  }

  #pushChunked(chunks: ChunkedReader, bytes: Buffer): number {
    const end = chunks.push(bytes, 0, this);
    this.done = chunks.done;
    this.fault = chunks.fault;
    return end;
  }
}
