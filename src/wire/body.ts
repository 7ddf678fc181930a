import { isFault, malformed, type WireFault } from "./fault.ts";
import { readTokens, type Field } from "./field.ts";
import { DIGIT, HTAB, octet, SP } from "./octet.ts";

/** How the end of a message's body is found. `Content-Length: 0` is `none`, because no byte follows the head. */
export type BodyFraming =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until-close" };

export const NO_BODY: BodyFraming = { kind: "none" };
const CHUNKED_BODY: BodyFraming = { kind: "chunked" };
export const BODY_UNTIL_CLOSE: BodyFraming = { kind: "until-close" };

/** What the fields say about the connection and the framing of the message, before it is checked. */
export interface FramingFields {
  hosts: number;
  host: string | undefined;
  lengths: number;
  length: string;
  codings: number;
  coding: string;
  /** The end of the Transfer-Encoding line. */
  codingEnd: number;
  connection: readonly string[];
  keepAlive: string | undefined;
  expect: string | undefined;
  upgrade: string | undefined;
}

// Nearly every message has one of these values. Sharing them saves a parse and two allocations for each message.
const NO_OPTIONS: readonly string[] = Object.freeze([]);
const KEEP_ALIVE: readonly string[] = Object.freeze(["keep-alive"]);
const CLOSE: readonly string[] = Object.freeze(["close"]);

export function readFramingFields(fields: readonly Field[]): FramingFields | WireFault {
  const found: FramingFields = {
    hosts: 0,
    host: undefined,
    lengths: 0,
    length: "",
    codings: 0,
    coding: "",
    codingEnd: 0,
    connection: NO_OPTIONS,
    keepAlive: undefined,
    expect: undefined,
    upgrade: undefined,
  };
  for (const field of fields) {
    if (!addField(field, found)) return malformed("a Connection field is not a list of tokens");
  }
  return found;
}

// The length is compared first, so that one integer comparison rules out almost every field.
function addField(field: Field, found: FramingFields): boolean {
  const { name, value } = field;
  switch (name.length) {
    case 4:
      if (name === "host") {
        found.hosts++;
        found.host = value;
      }
      return true;
    case 6:
      if (name === "expect") found.expect = joined(found.expect, value);
      return true;
    case 7:
      if (name === "upgrade") found.upgrade = joined(found.upgrade, value);
      return true;
    case 10:
      if (name === "connection") return addConnection(value, found);
      if (name === "keep-alive") found.keepAlive = joined(found.keepAlive, value);
      return true;
    case 14:
      if (name === "content-length") {
        found.lengths++;
        found.length = value;
      }
      return true;
    case 17:
      if (name === "transfer-encoding") {
        found.codings++;
        found.coding = value;
        found.codingEnd = field.end;
      }
      return true;
    default:
      return true;
  }
}

function addConnection(value: string, found: FramingFields): boolean {
  const options = value === "keep-alive" ? KEEP_ALIVE : value === "close" ? CLOSE : readTokens(value);
  if (options === undefined) return false;
  found.connection = found.connection.length === 0 ? options : [...found.connection, ...options];
  return true;
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

/** The framing that the two fields declare, or `undefined` without them (RFC 9112 §6.3, without its leniencies). */
export function declaredFraming(
  found: FramingFields,
  minor: 0 | 1,
  bytes: Uint8Array,
): BodyFraming | WireFault | undefined {
  if (found.codings === 0 && found.lengths === 0) return undefined;
  if (found.codings > 0) {
    if (found.lengths > 0) return malformed("Content-Length and Transfer-Encoding are both there");
    if (minor === 0) return malformed("HTTP/1.0 has no Transfer-Encoding");
    if (found.codings > 1 || !isChunked(found.coding)) return malformed("Transfer-Encoding is not exactly one chunked");
    if (endsInTab(bytes, found.codingEnd)) return malformed("Transfer-Encoding ends in a tab");
    return CHUNKED_BODY;
  }
  if (found.lengths > 1) return malformed("there is more than one Content-Length");
  const length = readLength(found.length);
  if (isFault(length)) return length;
  return length === 0 ? NO_BODY : { kind: "length", length };
}

/** True if the connection persists after this message (RFC 9112 §9.3). `close` wins over `keep-alive`. */
export function persists(connection: readonly string[], minor: 0 | 1): boolean {
  if (connection === NO_OPTIONS) return minor === 1;
  if (connection.includes("close")) return false;
  return minor === 1 || connection.includes("keep-alive");
}

// The grammar allows a tab there, but llhttp and nginx read it as part of the coding: they reject such a request, and take
// the chunks of such a response for its data.
function endsInTab(bytes: Uint8Array, lineEnd: number): boolean {
  let at = lineEnd - "_\r\n".length;
  while (bytes[at] === SP) at--;
  return bytes[at] === HTAB;
}

function isChunked(coding: string): boolean {
  return coding === "chunked" || (coding.length === 7 && coding.toLowerCase() === "chunked");
}

// The grammar allows leading zeros, but some parsers read such a number as octal, and no honest sender writes them.
function readLength(value: string): number | WireFault {
  for (let at = 0; at < value.length; at++) {
    if ((octet(value.charCodeAt(at)) & DIGIT) === 0) return malformed("Content-Length is not a plain decimal number");
  }
  if (value.length === 0) return malformed("Content-Length is empty");
  if (value.length > 1 && value.startsWith("0")) return malformed("Content-Length has leading zeros");
  const length = Number(value);
  return length <= Number.MAX_SAFE_INTEGER ? length : malformed("Content-Length is too large a number");
}
