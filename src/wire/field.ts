import type { Buffer } from "node:buffer";
import type { LastHead } from "./last-head.ts";
import { malformed, tooLarge, type WireFault } from "./fault.ts";
import { COLON, CR, HTAB, LF, octet, SP, TOKEN, VALUE } from "./octet.ts";

export interface Field {
  /** In lower case. */
  readonly name: string;
  /** Without surrounding white space; one character per byte. */
  readonly value: string;
  /** The offset of the whole line, with its CRLF, in the text of the head. */
  readonly start: number;
  readonly end: number;
}

/** The same bytes at the same offsets, as numbers to check (several times faster than characters) and as strings to cut. */
export class Head {
  readonly bytes: Uint8Array;
  readonly text: string;
  #lower: string | undefined;

  constructor(bytes: Uint8Array, text: string) {
    this.bytes = bytes;
    this.text = text;
  }

  /** Lower-casing the whole head once costs less than lower-casing each name. */
  get lower(): string {
    return (this.#lower ??= this.text.toLowerCase());
  }
}

const NO_FIELDS: readonly Field[] = [];

/** The head in the first `length` bytes. */
export function headOf(bytes: Buffer, length: number): Head {
  return new Head(bytes, bytes.toString("latin1", 0, length));
}

/** The last head of the connection, whose lines may come again. */
export type KnownHead = LastHead<{ readonly fields: readonly Field[] }>;

/** Reads the field lines from `from` to the blank line that ends the head. */
// oxlint-disable-next-line max-params -- an object for four of them would be made for every head
export function readFields(
  head: Head,
  from: number,
  maxFields: number,
  known: KnownHead,
  into: Field[],
): WireFault | undefined {
  const { bytes } = head;
  const knownFields = known.head?.fields ?? NO_FIELDS;
  let at = from;
  let expected = 0;
  while (bytes[at] !== CR) {
    if (into.length === maxFields) return tooManyFields(maxFields);
    const field = knownFields[expected];
    if (field !== undefined && known.has(bytes, at, field.start, field.end)) {
      expected++;
      const end = at + field.end - field.start;
      into.push(at === field.start ? field : { name: field.name, value: field.value, start: at, end });
      at = end;
      continue;
    }
    const name = field !== undefined && hasName(field, known, bytes, at) ? field.name : undefined;
    const next = readField(head, at, into, name);
    if (next < 0) return fieldFault(bytes, at);
    // Only the value is another one, so the lines after it may be the known ones again.
    if (name !== undefined) expected++;
    at = next;
  }
  return bytes[at + 1] === LF ? undefined : malformed("a carriage return stands without its line feed");
}

export function tooManyFields(maxFields: number): WireFault {
  return tooLarge(`there are more than ${maxFields} header fields`);
}

/** True if the line at `at` begins with the name of that field and a colon. */
function hasName({ name, start }: Field, known: KnownHead, bytes: Uint8Array, at: number): boolean {
  return known.has(bytes, at, start, start + name.length + 1);
}

/**
 * Appends the field of the line at `start`, whose name is `knownName` if that is given. Returns the start of the next
 * line, or -1 if the line is invalid.
 */
export function readField(head: Head, start: number, into: Field[], knownName?: string): number {
  const { bytes, text } = head;
  let at = knownName === undefined ? start : start + knownName.length;
  while ((octet(bytes[at]) & TOKEN) !== 0) at++;
  if (at === start || bytes[at] !== COLON) return -1;
  const name = knownName ?? head.lower.slice(start, at);

  do at++;
  while (isBlank(bytes[at]));
  const valueStart = at;
  while ((octet(bytes[at]) & VALUE) !== 0) at++;
  if (bytes[at] !== CR || bytes[at + 1] !== LF) return -1;
  let valueEnd = at;
  while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd--;

  into.push({
    name,
    value: text.slice(valueStart, valueEnd),
    start,
    end: at + 2,
  });
  return at + 2;
}

/** Describes what is wrong with a line that `readField` rejected. A separate function keeps the fast path small. */
export function fieldFault(bytes: Uint8Array, start: number): WireFault {
  const first = bytes[start];
  if (isBlank(first)) return malformed("a header line begins with white space (folding is obsolete)");
  if (first === COLON) return malformed("a header field has no name");
  if (first === CR) return malformed("a carriage return stands without its line feed");
  let at = start;
  while ((octet(bytes[at]) & TOKEN) !== 0) at++;
  const code = bytes[at];
  if (isBlank(code)) return malformed("a header field name holds or is followed by white space");
  if (code === CR || code === LF) return malformed("a header line has no colon, or ends in a bare line feed");
  if (code !== COLON) return malformed("a header field name holds a character that is not allowed");
  do at++;
  while ((octet(bytes[at]) & VALUE) !== 0);
  if (bytes[at] === CR) return malformed("a carriage return stands without its line feed");
  if (bytes[at] === LF) return malformed("a header line ends in a bare line feed");
  return malformed("a header field value holds a control character");
}

function isBlank(code: number | undefined): boolean {
  return code === SP || code === HTAB;
}

/** The elements of a comma-separated list, in lower case; `undefined` if one is not a token (RFC 9110 §5.6.1). */
export function readTokens(value: string): readonly string[] | undefined {
  const tokens: string[] = [];
  let at = 0;
  for (;;) {
    while (isBlank(value.charCodeAt(at))) at++;
    const start = at;
    while ((octet(value.charCodeAt(at)) & TOKEN) !== 0) at++;
    if (at > start) tokens.push(value.slice(start, at).toLowerCase());
    while (isBlank(value.charCodeAt(at))) at++;
    if (at >= value.length) return tokens;
    // A recipient must skip empty elements (RFC 9110 §5.6.1.2).
    if (value[at++] !== ",") return undefined;
  }
}
