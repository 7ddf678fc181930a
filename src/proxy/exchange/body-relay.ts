import type { BodyFraming } from "../../wire/body.ts";
import { ChunkedReader, type ChunkedOutput } from "../../wire/chunked.ts";
import type { WireFault } from "../../wire/fault.ts";
import { isForbiddenTrailer } from "../../wire/trailer.ts";
import { CREDENTIAL_FIELDS } from "../admission/credentials.ts";

/** Where the bytes of a body go: on to the other side, and past the observer. */
export interface BodySink {
  forward(bytes: Buffer): void;
  observe(payload: Buffer): void;
}

/** How a body goes on: framed as it came, without its chunks, or in chunks that it came without. */
export type BodyForm = "as framed" | "payload alone" | "in chunks";

const CRLF = Buffer.from("\r\n");
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

const CHUNK_LIMITS = {
  maxExtensionBytes: 4_096,
  maxTrailerBytes: 16_384,
  maxTrailers: 100,
  // A key in a trailer would pass unchecked, and ours end here.
  dropTrailer: (name: string) =>
    isForbiddenTrailer(name) || CREDENTIAL_FIELDS.has(name) || name.startsWith("x-lmgate-"),
};

/**
 * Passes a body on: the very buffers that were read, cut only where the body ends. HTTP/1.0 receivers get the payload
 * alone. A body that only the end of a connection ends can get chunks, and then must be told its `end`.
 */
export class BodyRelay implements ChunkedOutput {
  /** Payload bytes so far. */
  bytes = 0;
  done: boolean;
  fault: WireFault | undefined;
  readonly #kind: BodyFraming["kind"];
  readonly #sink: BodySink;
  readonly #form: BodyForm;
  readonly #chunks: ChunkedReader | undefined;
  #remaining: number;

  constructor(framing: BodyFraming, sink: BodySink, form: BodyForm) {
    this.#kind = framing.kind;
    this.#sink = sink;
    this.#form = form;
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
    if (this.#form === "in chunks") this.#forwardChunk(piece);
    else this.#sink.forward(piece);
    this.#sink.observe(piece);
    return piece.length;
  }

  payload(bytes: Buffer): void {
    this.bytes += bytes.length;
    if (this.#form === "payload alone") this.#sink.forward(bytes);
    this.#sink.observe(bytes);
  }

  framed(bytes: Buffer): void {
    if (this.#form !== "payload alone") this.#sink.forward(bytes);
  }

  /** The connection ended, and with it this body. */
  end(): void {
    this.done = true;
    if (this.#form === "in chunks") this.#sink.forward(LAST_CHUNK);
  }

  #forwardChunk(payload: Buffer): void {
    this.#sink.forward(Buffer.from(`${payload.length.toString(16)}\r\n`, "latin1"));
    this.#sink.forward(payload);
    this.#sink.forward(CRLF);
  }

  #pushChunked(chunks: ChunkedReader, bytes: Buffer): number {
    const end = chunks.push(bytes, 0, this);
    this.done = chunks.done;
    this.fault = chunks.fault;
    return end;
  }
}
