/**
 * As much HTTP/1.1 parsing as the tests need, written without the gateway's own codec, so that both cannot be wrong
 * together. It keeps every header line as sent and undoes only the chunked coding. It is no example of a parser: it
 * trusts its input.
 */
export interface RawMessage {
  /** The request or status line. */
  readonly startLine: string;
  /** Header lines as sent, one string per line (latin1), in order. */
  readonly lines: readonly string[];
  /** The whole head, with the blank line. */
  readonly head: string;
  /** The payload, without chunked coding. */
  readonly body: Buffer;
  /** The bytes of the message after its head. */
  readonly framedBody: Buffer;
  /** `undefined` unless the body was chunked. */
  readonly trailers: readonly string[] | undefined;
  /** The length of the message in bytes. */
  readonly length: number;
}

/** How a body ends if the head does not say so. */
export type BodyRule = "by head" | "none" | "until close";

/** The first whole message in `bytes`; `undefined` if it is not complete yet. */
export function readMessage(bytes: Buffer, rule: BodyRule = "by head"): RawMessage | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const start = headEnd + 4;
  const head = bytes.toString("latin1", 0, start);
  const [startLine = "", ...lines] = head.slice(0, -4).split("\r\n");
  const body = readBody(bytes, start, rule === "by head" ? ruleOf(lines) : rule);
  if (body === undefined) return undefined;
  const framedBody = bytes.subarray(start, body.end);
  return {
    startLine,
    lines,
    head,
    body: body.payload ?? framedBody,
    framedBody,
    trailers: body.trailers,
    length: body.end,
  };
}

/** Takes the bytes of one connection and finds its messages, in time that grows with their size however they are cut. */
export class MessageReader {
  #bytes = Buffer.alloc(0);
  #length = 0;
  /** How many bytes the incomplete message has; a chunked one tells only at its end. */
  #needed: number | "end of chunks" = 0;

  push(piece: Buffer): RawMessage | undefined {
    this.#append(piece);
    if (this.#needed === "end of chunks") {
      // The trailer section ends with an empty line. One inside the payload only costs a reading.
      const from = Math.max(0, this.#length - piece.length - 3);
      if (this.#bytes.subarray(from, this.#length).indexOf("\r\n\r\n") < 0) return undefined;
    } else if (this.#length < this.#needed) return undefined;
    return this.#read();
  }

  #read(): RawMessage | undefined {
    const bytes = this.#bytes.subarray(0, this.#length);
    const message = readMessage(bytes);
    if (message === undefined) {
      const head = readMessage(bytes, "none");
      const rule = head === undefined ? 0 : ruleOf(head.lines);
      this.#needed = rule === "chunked" ? "end of chunks" : (head?.length ?? 0) + rule;
      return undefined;
    }
    // The message keeps the old bytes, so the rest needs bytes of its own.
    this.#bytes = Buffer.from(bytes.subarray(message.length));
    this.#length = this.#bytes.length;
    this.#needed = 0;
    return message;
  }

  #append(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(2 * length);
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    piece.copy(this.#bytes, this.#length);
    this.#length = length;
  }
}

/** The first whole response to a request with that method, including interim ones (1xx). */
export function readResponse(bytes: Buffer, method: string, ended = false): RawMessage | undefined {
  const head = readMessage(bytes, "none");
  if (head === undefined || hasNoBody(statusOf(head), method)) return head;
  const framing = valueOf(head.lines, "transfer-encoding") ?? valueOf(head.lines, "content-length");
  if (framing !== undefined) return readMessage(bytes);
  return ended ? readMessage(bytes, "until close") : undefined;
}

/** Like `readResponse`, without the interim responses before the final one. */
export function readFinalResponse(bytes: Buffer, method: string, ended = false): RawMessage | undefined {
  let rest = bytes;
  for (;;) {
    const message = readResponse(rest, method, ended);
    if (message === undefined || !isInterim(statusOf(message))) return message;
    rest = rest.subarray(message.length);
  }
}

export function statusOf(message: Pick<RawMessage, "startLine">): number {
  return Number(message.startLine.split(" ")[1]);
}

/** The value of the first field with that name, which is in lower case. */
export function valueOf(lines: readonly string[], name: string): string | undefined {
  const line = lines.find((each) => nameOf(each) === name);
  return line?.slice(line.indexOf(":") + 1).trim();
}

/** The value of the only field with that name, which is in lower case. */
export function fieldOf({ lines }: Pick<RawMessage, "lines">, name: string): string | undefined {
  const found = lines.filter((line) => nameOf(line) === name);
  if (found.length > 1) throw new Error(`more than one ${name}: ${found.join(" | ")}`);
  return valueOf(found, name);
}

export function nameOf(line: string): string {
  return line.slice(0, line.indexOf(":")).toLowerCase();
}

function hasNoBody(status: number, method: string): boolean {
  return method === "HEAD" || status < 200 || status === 204 || status === 304;
}

/** A 101 is a final response. */
function isInterim(status: number): boolean {
  return status < 200 && status !== 101;
}

/** The framing in the head: chunked, or a number of bytes. */
function ruleOf(lines: readonly string[]): "chunked" | number {
  if (valueOf(lines, "transfer-encoding") !== undefined) return "chunked";
  return Number(valueOf(lines, "content-length") ?? 0);
}

interface ReadBody {
  /** `undefined`: the bytes as sent. */
  readonly payload?: Buffer;
  readonly trailers?: readonly string[];
  readonly end: number;
}

function readBody(bytes: Buffer, start: number, rule: "chunked" | number | BodyRule): ReadBody | undefined {
  if (rule === "chunked") return readChunks(bytes, start);
  if (rule === "until close") return { end: bytes.length };
  const end = typeof rule === "number" ? start + rule : start;
  return bytes.length < end ? undefined : { end };
}

function readChunks(bytes: Buffer, start: number): ReadBody | undefined {
  const parts: Buffer[] = [];
  let at = start;
  for (;;) {
    const sizeEnd = bytes.indexOf("\r\n", at);
    if (sizeEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, sizeEnd), 16);
    if (size === 0) return readTrailers(bytes, sizeEnd + 2, Buffer.concat(parts));
    const end = sizeEnd + 2 + size;
    // A chunk whose size is not a number is never complete.
    if (Number.isNaN(size) || bytes.length < end + 2) return undefined;
    parts.push(bytes.subarray(sizeEnd + 2, end));
    at = end + 2;
  }
}

function readTrailers(bytes: Buffer, start: number, payload: Buffer): ReadBody | undefined {
  const trailers: string[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    if (lineEnd === at) return { payload, trailers, end: at + 2 };
    trailers.push(bytes.toString("latin1", at, lineEnd));
    at = lineEnd + 2;
  }
}
