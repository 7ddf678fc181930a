// Feeds the tests of this module: reads one connection to its end, in any pieces. Contains no tests.
import { ChunkedReader, type ChunkedLimits } from "./chunked.ts";
import { isFault, type WireFault } from "./fault.ts";
import { RequestHeadReader, type BodyFraming, type HeadLimits, type RequestHead } from "./request-head.ts";
import { ResponseHeadReader, type ResponseHead } from "./response-head.ts";
import { isForbiddenTrailer } from "./trailer.ts";

export const LIMITS: HeadLimits = { maxBytes: 65_536, maxFields: 1000 };

export const CHUNK_LIMITS: ChunkedLimits = {
  maxExtensionBytes: 4096,
  maxTrailerBytes: 16_384,
  maxTrailers: 100,
  dropTrailer: isForbiddenTrailer,
};

export interface Message<Head> {
  readonly head: Head;
  body: string;
  /** The chunked body that a proxy would forward. */
  framed: string;
  complete: boolean;
}

/** Reads one direction of a connection: heads and bodies in turn, until the first fault or the last message. */
export class Conversation<Head extends RequestHead | ResponseHead> {
  readonly messages: Message<Head>[] = [];
  fault: WireFault | undefined = undefined;
  /** Bytes after a message that ends HTTP on the connection: CONNECT, an upgrade, `Connection: close`. */
  after = "";
  readonly #readHead: (bytes: Buffer) => { head: Head | WireFault | undefined; rest: Buffer };
  readonly #chunks: ChunkedReader;
  #open: Message<Head> | undefined = undefined;
  #remaining = 0;
  #ended = false;

  constructor(
    readHead: (bytes: Buffer) => { head: Head | WireFault | undefined; rest: Buffer },
    limits: ChunkedLimits = CHUNK_LIMITS,
  ) {
    this.#readHead = readHead;
    this.#chunks = new ChunkedReader(limits);
  }

  push(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0 && this.fault === undefined) {
      if (this.#ended) {
        this.after += rest.toString("latin1");
        return;
      }
      rest = this.#open === undefined ? this.#begin(rest) : this.#continue(this.#open, rest);
    }
  }

  #begin(bytes: Buffer): Buffer {
    const { head, rest } = this.#readHead(bytes);
    if (head === undefined || isFault(head)) {
      this.fault = head;
      return Buffer.alloc(0);
    }
    const message = { head, body: "", framed: "", complete: false };
    this.messages.push(message);
    this.#open = message;
    const { body } = head;
    this.#remaining = body.kind === "length" ? body.length : 0;
    this.#chunks.reset();
    if (body.kind === "none") this.#end(message);
    return rest;
  }

  #continue(message: Message<Head>, bytes: Buffer): Buffer {
    const kind: BodyFraming["kind"] = message.head.body.kind;
    if (kind === "chunked") {
      const at = this.#chunks.push(bytes, 0, {
        payload: (data) => (message.body += data.toString("latin1")),
        framed: (data) => (message.framed += data.toString("latin1")),
      });
      this.fault = this.#chunks.fault;
      if (this.#chunks.done) this.#end(message);
      return bytes.subarray(at);
    }
    const end = kind === "until-close" ? bytes.length : Math.min(this.#remaining, bytes.length);
    message.body += bytes.toString("latin1", 0, end);
    this.#remaining -= end;
    if (kind === "length" && this.#remaining === 0) this.#end(message);
    return bytes.subarray(end);
  }

  #end(message: Message<Head>): void {
    const { head } = message;
    message.complete = true;
    this.#open = undefined;
    const interim = "status" in head && head.status < 200 && head.status !== 101;
    this.#ended =
      !interim && (!head.keepAlive || head.upgrade !== undefined || ("method" in head && head.method === "CONNECT"));
  }
}

export function readRequests(pieces: readonly Buffer[], limits: HeadLimits = LIMITS): Conversation<RequestHead> {
  const reader = new RequestHeadReader(limits);
  const conversation = new Conversation<RequestHead>((bytes) => ({
    head: reader.push(bytes),
    rest: reader.takeRest(),
  }));
  for (const piece of pieces) conversation.push(piece);
  return conversation;
}

export function readResponses(pieces: readonly Buffer[], method = "GET", limits = LIMITS): Conversation<ResponseHead> {
  const reader = new ResponseHeadReader(limits);
  const conversation = new Conversation<ResponseHead>((bytes) => ({
    head: reader.push(bytes, method),
    rest: reader.takeRest(),
  }));
  for (const piece of pieces) conversation.push(piece);
  return conversation;
}

export function octets(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** The bytes cut at the given places. */
export function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const edges = [...places.map((place) => place % (bytes.length + 1)), 0, bytes.length].toSorted((a, b) => a - b);
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

/** The bytes whole, byte by byte, and cut in two at every position (or at every `stride`-th). */
export function* everySplit(bytes: Buffer, stride = 1): Generator<readonly Buffer[]> {
  yield [bytes];
  yield Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  for (let at = 1; at < bytes.length; at += stride) yield [bytes.subarray(0, at), bytes.subarray(at)];
}

/** What was read, for comparison. */
export function summary(read: Conversation<RequestHead> | Conversation<ResponseHead>): unknown {
  return {
    fault: read.fault?.fault,
    after: read.after,
    messages: read.messages.map(({ head, body, framed, complete }) => ({
      head,
      body,
      framed: complete ? framed : "",
      complete,
    })),
  };
}
