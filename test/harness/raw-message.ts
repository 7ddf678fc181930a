/**
 * The least reading of HTTP/1.1 that a test needs, written apart from the gateway's own codec so that the two cannot be
 * wrong together. It keeps every header line as it stood and undoes only the chunk framing. Not a parser to learn from: it
 * believes what it reads.
 */
export interface RawMessage {
  /** The request or status line. */
  readonly startLine: string;
  /** Header lines as they came, one string a line (latin1), in order. */
  readonly lines: readonly string[];
  /** The whole head, blank line included. */
  readonly head: string;
  /** Without its framing. */
  readonly body: Buffer;
  /** Exactly the bytes after the head that belong to the message. */
  readonly framedBody: Buffer;
  /** `undefined` unless the body was chunked. */
  readonly trailers: readonly string[] | undefined;
  /** How many bytes the message took. */
  readonly length: number;
}

/** How a message's body ends if its head does not say so itself. */
export type BodyRule = "by head" | "none" | "until close";

/** The first whole message in `bytes`; `undefined` if it is not whole yet. */
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

/** The first whole answer to a request with that method, interim ones (1xx) included. */
export function readResponse(bytes: Buffer, method: string, ended = false): RawMessage | undefined {
  const head = readMessage(bytes, "none");
  if (head === undefined || hasNoBody(statusOf(head), method)) return head;
  const framing = valueOf(head.lines, "transfer-encoding") ?? valueOf(head.lines, "content-length");
  if (framing !== undefined) return readMessage(bytes);
  return ended ? readMessage(bytes, "until close") : undefined;
}

/** As `readAnswer`, past the interim answers that may come before the real one. */
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

/** The value of the first field of that name, which is in lower case. */
export function valueOf(lines: readonly string[], name: string): string | undefined {
  const line = lines.find((each) => nameOf(each) === name);
  return line?.slice(line.indexOf(":") + 1).trim();
}

/** The value of the only field of that name, which is in lower case. */
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

/** A 101 is the last answer that there is. */
function isInterim(status: number): boolean {
  return status < 200 && status !== 101;
}

/** What the head says: chunked, or a number of bytes. */
function ruleOf(lines: readonly string[]): "chunked" | number {
  if (valueOf(lines, "transfer-encoding") !== undefined) return "chunked";
  return Number(valueOf(lines, "content-length") ?? 0);
}

interface ReadBody {
  /** `undefined`: the bytes themselves. */
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
    // What follows something that is no number is never whole.
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
