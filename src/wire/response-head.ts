import type { Buffer } from "node:buffer";
import {
  BODY_UNTIL_CLOSE,
  declaredFraming,
  NO_BODY,
  persists,
  readFramingFields,
  type BodyFraming,
  type FramingFields,
} from "./body.ts";
import { isFault, malformed, wrongVersion, type WireFault } from "./fault.ts";
import { readFields, type Field, type Head } from "./field.ts";
import { HeadCollector, type HeadLimits, type StartLine } from "./head-collector.ts";
import { LastHead } from "./last-head.ts";
import { CR, DIGIT, LF, octet, SP, matchesAt, VALUE } from "./octet.ts";

export type { HeadLimits } from "./head-collector.ts";

export interface ResponseHead {
  /** The whole head, from the status line to the blank line, one character per byte. */
  readonly text: string;
  readonly minor: 0 | 1;
  readonly status: number;
  /** As it was sent. It may be empty or contain bytes beyond ASCII. */
  readonly reason: string;
  readonly fields: readonly Field[];
  readonly body: BodyFraming;
  readonly keepAlive: boolean;
  /** `timeout` of the Keep-Alive field: how long the server keeps an idle connection open. */
  readonly keepAliveTimeoutSeconds: number | undefined;
  /** The names in Connection, in lower case. */
  readonly connection: readonly string[];
  readonly upgrade: string | undefined;
}

/** Reads response heads, including interim ones (1xx). Framing is checked as strictly as for requests. */
export class ResponseHeadReader {
  readonly #limits: HeadLimits;
  readonly #collector: HeadCollector;
  readonly #last = new LastHead<ResponseHead>();
  /** The method of the request of the last head. */
  #lastMethod = "";

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    this.#collector = new HeadCollector(limits, RESPONSE_START);
  }

  /** The bytes after the completed head. They are handed over, so that an idle connection does not keep their buffer. */
  takeRest(): Buffer {
    return this.#collector.takeRest();
  }

  /** The method of the request decides whether the response can have a body (RFC 9112 §6.3). */
  push(bytes: Buffer, requestMethod: string): ResponseHead | WireFault | undefined {
    const last = this.#last;
    if (requestMethod === this.#lastMethod && this.#collector.skipKnown(bytes, last)) return last.head;
    const raw = this.#collector.push(bytes);
    if (raw === undefined || isFault(raw)) return raw;
    const head = parseResponseHead(raw, requestMethod, this.#limits.maxFields, last);
    if (isFault(head)) return this.#collector.fail(head);
    last.remember(raw.bytes, raw.text.length, head);
    this.#lastMethod = requestMethod;
    return head;
  }
}

interface StatusLine {
  readonly minor: 0 | 1;
  readonly status: number;
  readonly reason: string;
  /** The start of the first field line. */
  readonly end: number;
}

function parseResponseHead(
  raw: Head,
  requestMethod: string,
  maxFields: number,
  last: LastHead<ResponseHead>,
): ResponseHead | WireFault {
  const line = readStatusLine(raw);
  if (isFault(line)) return line;
  const fields: Field[] = [];
  const fault = readFields(raw, line.end, maxFields, last, fields);
  if (fault !== undefined) return fault;
  const found = readFramingFields(fields);
  if (isFault(found)) return found;
  const body = responseBody(found, line, requestMethod, raw.bytes);
  if (isFault(body)) return body;
  return {
    text: raw.text,
    minor: line.minor,
    status: line.status,
    reason: line.reason,
    fields,
    body,
    keepAlive: body.kind !== "until-close" && persists(found.connection, line.minor),
    keepAliveTimeoutSeconds: found.keepAlive === undefined ? undefined : readTimeout(found.keepAlive),
    connection: found.connection,
    upgrade: found.upgrade,
  };
}

// The framing fields must be valid even if there is no body, because a server that contradicts itself cannot be trusted.
function responseBody(
  found: FramingFields,
  line: StatusLine,
  requestMethod: string,
  bytes: Uint8Array,
): BodyFraming | WireFault {
  const declared = declaredFraming(found, line.minor, bytes);
  if (declared !== undefined && isFault(declared)) return declared;
  const { status } = line;
  if (status < 200 || status === 204 || status === 304 || requestMethod === "HEAD") return NO_BODY;
  return declared ?? BODY_UNTIL_CLOSE;
}

const STATUS_AT = "HTTP/1.1 ".length;
const REASON_AT = "HTTP/1.1 200 ".length;

function readStatusLine({ bytes, text }: Head): StatusLine | WireFault {
  const minor = matchesAt(bytes, 0, "HTTP/1.1 ") ? 1 : matchesAt(bytes, 0, "HTTP/1.0 ") ? 0 : undefined;
  if (minor === undefined) {
    // Only a line that is otherwise valid is rejected for its version.
    const known = /^HTTP\/\d\.\d [\t\x20-\x7e\x80-\xff]*\r\n/.test(text);
    return known
      ? wrongVersion()
      : malformed("the status line does not begin with an HTTP version, or does not end in CRLF");
  }
  let status = 0;
  for (let at = STATUS_AT; at < STATUS_AT + 3; at++) {
    const code = bytes[at] ?? 0;
    if ((octet(code) & DIGIT) === 0) return malformed("the status is not three digits");
    status = status * 10 + code - 0x30;
  }
  if (status < 100) return malformed("the status is less than 100");

  // The grammar requires the space even before an empty reason, but many servers leave it out, which does no harm.
  const separator = bytes[REASON_AT - 1];
  if (separator !== SP && separator !== CR) return malformed("the status is not followed by a space");
  const reasonStart = separator === SP ? REASON_AT : REASON_AT - 1;
  let at = reasonStart;
  while ((octet(bytes[at]) & VALUE) !== 0) at++;
  if (bytes[at] !== CR || bytes[at + 1] !== LF) return malformed("the status line does not end in CRLF");
  if (minor === 0 && status < 200) return malformed("HTTP/1.0 has no interim responses");
  return { minor, status, reason: text.slice(reasonStart, at), end: at + 2 };
}

/** The whole seconds of `timeout=…`. Any other value is ignored. */
function readTimeout(value: string): number | undefined {
  const found = /(?:^|[,\s])timeout=(\d{1,9})(?![^,\s])/i.exec(value);
  return found === null ? undefined : Number(found[1]);
}

const RESPONSE_START: StartLine = {
  afterBlankLines: false,

  partial(bytes, from, to) {
    for (let at = 0; at < to && at < "HTTP/".length; at++) {
      if (bytes[at] !== "HTTP/".charCodeAt(at)) return malformed("the status line does not begin with an HTTP version");
    }
    for (let at = from; at < to; at++) {
      const code = bytes[at] ?? 0;
      if ((octet(code) & VALUE) === 0 && (code !== CR || at !== to - 1))
        return malformed("the status line holds a control character");
    }
    return undefined;
  },

  complete(line) {
    const read = readStatusLine(line);
    return isFault(read) ? read : undefined;
  },
};
