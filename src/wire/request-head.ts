// HTTP/1.1 as bytes (RFC 9112), without sockets. This file reads request heads. It decides what a message is and where it
// ends, and not what may be done with it.
import type { Buffer } from "node:buffer";
import { declaredFraming, NO_BODY, persists, readFramingFields, type BodyFraming, type FramingFields } from "./body.ts";
import { isFault, malformed, wrongVersion, type WireFault } from "./fault.ts";
import { readFields, type Field, type Head } from "./field.ts";
import { HeadCollector, type HeadLimits, type StartLine } from "./head-collector.ts";
import { LastHead } from "./last-head.ts";
import { isAuthority, isHost } from "./host.ts";
import { isMethod, LONGEST_METHOD } from "./method.ts";
import { CR, octet, SP, matchesAt, SUSPECT, TARGET, TOKEN } from "./octet.ts";
import { targetFault } from "./request-target.ts";

export type { BodyFraming } from "./body.ts";
export type { HeadLimits } from "./head-collector.ts";

export interface RequestHead {
  /** The whole head, from the request line to the blank line, one character per byte. */
  readonly text: string;
  readonly method: string;
  readonly target: string;
  /** The offset of the target in `text`. */
  readonly targetStart: number;
  readonly targetEnd: number;
  readonly minor: 0 | 1;
  readonly fields: readonly Field[];
  readonly host: string | undefined;
  readonly body: BodyFraming;
  readonly keepAlive: boolean;
  /** The names in Connection, in lower case. */
  readonly connection: readonly string[];
  /** `undefined` in HTTP/1.0, where an expectation must be ignored (RFC 9110 §10.1.1). */
  readonly expect: string | undefined;
  /** Only if Connection names it and the version is 1.1; otherwise it must be ignored (RFC 9110 §7.8). */
  readonly upgrade: string | undefined;
}

export class RequestHeadReader {
  readonly #limits: HeadLimits;
  readonly #collector: HeadCollector;
  readonly #last = new LastHead<RequestHead>();

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    this.#collector = new HeadCollector(limits, REQUEST_START);
  }

  /** The bytes after the completed head. They are handed over, so that an idle connection does not keep their buffer. */
  takeRest(): Buffer {
    return this.#collector.takeRest();
  }

  /** True until a byte of the next head arrives. Empty lines before a request do not count. */
  get empty(): boolean {
    return this.#collector.empty;
  }

  /** A head that has the same bytes as the one before it is the same object. */
  push(bytes: Buffer): RequestHead | WireFault | undefined {
    const last = this.#last;
    if (this.#collector.skipKnown(bytes, last)) return last.head;
    const raw = this.#collector.push(bytes);
    if (raw === undefined || isFault(raw)) return raw;
    const head = parseRequestHead(raw, this.#limits.maxFields, last);
    if (isFault(head)) return this.#collector.fail(head);
    last.remember(raw.bytes, raw.text.length, head);
    return head;
  }
}

interface RequestLine {
  readonly method: string;
  readonly target: string;
  readonly targetStart: number;
  readonly targetEnd: number;
  readonly minor: 0 | 1;
  /** The start of the first field line. */
  readonly end: number;
}

function parseRequestHead(raw: Head, maxFields: number, last: LastHead<RequestHead>): RequestHead | WireFault {
  const line = readRequestLine(raw);
  if (isFault(line)) return line;
  const fields: Field[] = [];
  const fault = readFields(raw, line.end, maxFields, last, fields);
  if (fault !== undefined) return fault;
  const found = readFramingFields(fields);
  if (isFault(found)) return found;
  const { minor } = line;
  const connectionFault = hostFault(found, minor) ?? protectedFault(found.connection);
  if (connectionFault !== undefined) return connectionFault;
  const framing = declaredFraming(found, minor, raw.bytes);
  if (framing !== undefined && isFault(framing)) return framing;
  return {
    text: raw.text,
    method: line.method,
    target: line.target,
    targetStart: line.targetStart,
    targetEnd: line.targetEnd,
    minor,
    fields,
    host: found.host,
    body: framing ?? NO_BODY,
    keepAlive: persists(found.connection, minor),
    connection: found.connection,
    expect: minor === 1 ? found.expect : undefined,
    upgrade: minor === 1 && found.connection.includes("upgrade") ? found.upgrade : undefined,
  };
}

function readRequestLine({ bytes, text }: Head): RequestLine | WireFault {
  let at = 0;
  while ((octet(bytes[at]) & TOKEN) !== 0) at++;
  if (bytes[at] !== SP) return malformed("the request line does not begin with a method and a space");
  const method = text.slice(0, at);
  if (!isMethod(method)) return malformed("the method is unknown");

  const targetStart = ++at;
  let seen = 0;
  let bits = octet(bytes[at]);
  while ((bits & TARGET) !== 0) {
    seen |= bits;
    bits = octet(bytes[++at]);
  }
  if (bytes[at] === CR) return malformed("the request line has no HTTP version");
  if (bytes[at] !== SP) return malformed("the request target holds a character that is not allowed");
  const target = text.slice(targetStart, at);
  const fault = formFault(method, target) ?? ((seen & SUSPECT) === 0 ? undefined : targetFault(target));
  if (fault !== undefined) return fault;

  const end = at + "_HTTP/1.1\r\n".length;
  const minor = matchesAt(bytes, at + 1, "HTTP/1.1\r\n") ? 1 : matchesAt(bytes, at + 1, "HTTP/1.0\r\n") ? 0 : undefined;
  if (minor !== undefined) return { method, target, targetStart, targetEnd: at, minor, end };
  // Not on the fast path, so a regular expression is fine. A valid but unsupported version is 505, all else is malformed.
  const known = /^HTTP\/\d\.\d\r\n/.test(text.slice(at + 1, end));
  return known ? wrongVersion() : malformed("the request line does not end in an HTTP version and CRLF");
}

/** Requires the origin-form, since LMGate is no forward proxy. CONNECT may pass here, so that its response can be a 405. */
function formFault(method: string, target: string): WireFault | undefined {
  if (method === "CONNECT") {
    return isAuthority(target) ? undefined : malformed("the target of CONNECT is not a host and a port");
  }
  return target.startsWith("/") ? undefined : malformed("the request target is not a path");
}

function hostFault(found: FramingFields, minor: 0 | 1): WireFault | undefined {
  if (found.hosts > 1) return malformed("there is more than one Host");
  if (found.host === undefined) return minor === 1 ? malformed("there is no Host") : undefined;
  return isHost(found.host) ? undefined : malformed("Host is not a valid host and port");
}

// A proxy would remove the named field, and with it the host of the request or the end of its body.
function protectedFault(connection: readonly string[]): WireFault | undefined {
  for (const name of connection) {
    if (name === "host" || name === "content-length" || name === "transfer-encoding") {
      return malformed("Connection names Host or a framing field");
    }
  }
  return undefined;
}

const REQUEST_START: StartLine = {
  afterBlankLines: true,

  partial(bytes, from, to) {
    for (let at = 0; at <= LONGEST_METHOD && at < to && bytes[at] !== SP; at++) {
      const code = bytes[at] ?? 0;
      if (code !== 0x2d && (code < 0x41 || code > 0x5a))
        return malformed("the request line does not begin with a method");
      if (at === LONGEST_METHOD) return malformed("the method is unknown");
    }
    for (let at = from; at < to; at++) {
      const code = bytes[at] ?? 0;
      if ((octet(code) & TARGET) !== 0 || code === SP || (code === CR && at === to - 1)) continue;
      return malformed("the request line holds a character that is not allowed");
    }
    return undefined;
  },

  complete(line) {
    const read = readRequestLine(line);
    return isFault(read) ? read : undefined;
  },
};
