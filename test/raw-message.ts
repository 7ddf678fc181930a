/**
 * Reads an HTTP/1.1 message out of recorded bytes, for tests that compare what two ends saw. It keeps every header line
 * as it stood, and undoes only the chunk framing. Not a parser to learn from: it believes what it reads.
 */

export interface RawMessage {
  readonly startLine: string;
  /** As they came, one string a line (latin1), in order. */
  readonly lines: readonly string[];
  readonly body: Buffer;
  /** `undefined` unless the body was chunked. */
  readonly trailers: readonly string[] | undefined;
  /** How many bytes the message took. */
  readonly length: number;
}

/** What decides whether a body follows: a request, or an answer to a request with this method. */
export type Kind = "request" | { readonly answerTo: string };

/** The first whole message in `bytes`; `undefined` if it is not whole yet. */
export function readMessage(bytes: Buffer, kind: Kind, ended = false): RawMessage | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [startLine = "", ...lines] = bytes.subarray(0, headEnd).toString("latin1").split("\r\n");
  const head = { startLine, lines };
  const start = headEnd + 4;
  if (hasNoBody(startLine, kind)) return { ...head, body: Buffer.alloc(0), trailers: undefined, length: start };
  if (valueOf(lines, "transfer-encoding") !== undefined) {
    const read = readChunks(bytes, start);
    return read && { ...head, ...read };
  }
  const declared = valueOf(lines, "content-length");
  if (declared === undefined && kind !== "request") {
    return ended ? { ...head, body: bytes.subarray(start), trailers: undefined, length: bytes.length } : undefined;
  }
  const end = start + Number(declared ?? 0);
  if (bytes.length < end) return undefined;
  return { ...head, body: bytes.subarray(start, end), trailers: undefined, length: end };
}

/** As `readMessage`, past the interim answers (1xx) that may come before the real one. */
export function readAnswer(bytes: Buffer, method: string, ended = false): RawMessage | undefined {
  let rest = bytes;
  for (;;) {
    const message = readMessage(rest, { answerTo: method }, ended);
    if (!message || !/^HTTP\/1\.\d 1(?!01)\d\d/.test(message.startLine)) return message;
    rest = rest.subarray(message.length);
  }
}

export function valueOf(lines: readonly string[], name: string): string | undefined {
  const line = lines.find((each) => nameOf(each) === name);
  return line?.slice(line.indexOf(":") + 1).trim();
}

export function nameOf(line: string): string {
  return line.slice(0, line.indexOf(":")).toLowerCase();
}

function hasNoBody(startLine: string, kind: Kind): boolean {
  if (kind === "request") return false;
  const status = startLine.slice(9, 12);
  return kind.answerTo === "HEAD" || status.startsWith("1") || status === "204" || status === "304";
}

interface ReadChunks {
  readonly body: Buffer;
  readonly trailers: readonly string[];
  readonly length: number;
}

function readChunks(bytes: Buffer, start: number): ReadChunks | undefined {
  const parts: Buffer[] = [];
  let at = start;
  for (;;) {
    const sizeEnd = bytes.indexOf("\r\n", at);
    if (sizeEnd < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(at, sizeEnd).toString("latin1"), 16);
    if (size === 0) return readTrailers(bytes, sizeEnd + 2, Buffer.concat(parts));
    const end = sizeEnd + 2 + size;
    if (bytes.length < end + 2) return undefined;
    parts.push(bytes.subarray(sizeEnd + 2, end));
    at = end + 2;
  }
}

function readTrailers(bytes: Buffer, start: number, body: Buffer): ReadChunks | undefined {
  const trailers: string[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    if (lineEnd === at) return { body, trailers, length: at + 2 };
    trailers.push(bytes.subarray(at, lineEnd).toString("latin1"));
    at = lineEnd + 2;
  }
}
