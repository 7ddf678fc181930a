import type { BodyFraming } from "../../wire/body.ts";
import { ChunkedReader, type ChunkedOutput } from "../../wire/chunked.ts";
import type { WireFault } from "../../wire/fault.ts";
import { isForbiddenTrailer } from "../../wire/trailer.ts";
import { CREDENTIAL_FIELDS } from "../admission/credentials.ts";

/** Takes the bytes of a body: the framed bytes to forward, and the payload for the observer. */
export interface BodySink {
  forward(bytes: Buffer): void;
  observe(payload: Buffer): void;
}

/** How a body is forwarded: framed as it came, without its chunked coding, or with one that it did not have. */
export type BodyForm = "as framed" | "dechunked" | "chunked";

const CRLF = Buffer.from("\r\n");
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

const CHUNK_LIMITS = {
  maxExtensionBytes: 4_096,
  maxTrailerBytes: 16_384,
  maxTrailers: 100,
  // A key in a trailer would be forwarded unchecked. LMGate's own fields are never forwarded.
  dropTrailer: (name: string) =>
    isForbiddenTrailer(name) || CREDENTIAL_FIELDS.has(name) || name.startsWith("x-lmgate-"),
};

/**
 * Forwards a body as the buffers that were read, cut only where the body ends. HTTP/1.0 receivers get it without
 * chunked coding. A body that is ended by its connection can be sent chunked; its owner must then call `end`.
 */
export class BodyRelay implements ChunkedOutput {
  /** Number of payload bytes so far. */
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

  /** True if the end of the connection is the end of this body. */
  get untilClose(): boolean {
    return this.#kind === "until-close";
  }

  /** Returns how many of the bytes belong to this body. */
  push(bytes: Buffer): number {
    if (this.done || bytes.length === 0) return 0;
    if (this.#chunks !== undefined) return this.#pushChunked(this.#chunks, bytes);
    let payload = bytes;
    if (this.#kind === "length") {
      if (bytes.length > this.#remaining) payload = bytes.subarray(0, this.#remaining);
      this.#remaining -= payload.length;
      this.done = this.#remaining === 0;
    }
    this.bytes += payload.length;
    if (this.#form === "chunked") this.#forwardChunk(payload);
    else this.#sink.forward(payload);
    this.#sink.observe(payload);
    return payload.length;
  }

  payload(bytes: Buffer): void {
    this.bytes += bytes.length;
    if (this.#form === "dechunked") this.#sink.forward(bytes);
    this.#sink.observe(bytes);
  }

  framed(bytes: Buffer): void {
    if (this.#form !== "dechunked") this.#sink.forward(bytes);
  }

  /** The connection ended, and with it this body. */
  end(): void {
    this.done = true;
    if (this.#form === "chunked") this.#sink.forward(LAST_CHUNK);
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
