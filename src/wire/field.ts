import { malformed, tooLarge, type WireFault } from "./fault.ts";
import { COLON, CR, HTAB, LF, octet, SP, TOKEN, UPPER, VALUE } from "./octet.ts";

export interface Field {
  /** In lower case. */
  readonly name: string;
  /** Without the white space around it, one character per byte. */
  readonly value: string;
  /** Where the whole line, CRLF included, stands in the text of the head. */
  readonly start: number;
  readonly end: number;
}

/** Reads the field lines from `from` up to the blank line that must end `text`. */
export function readFields(text: string, from: number, maxFields: number, into: Field[]): WireFault | undefined {
  let at = from;
  while (text.charCodeAt(at) !== CR) {
    if (into.length === maxFields) return tooManyFields(maxFields);
    const next = readField(text, at, into);
    if (next < 0) return fieldFault(text, at);
    at = next;
  }
  return text.charCodeAt(at + 1) === LF ? undefined : malformed("a carriage return stands without its line feed");
}

export function tooManyFields(maxFields: number): WireFault {
  return tooLarge(`there are more than ${maxFields} header fields`);
}

/** Appends the field of the line at `start`; returns where the next line starts, or -1 if the line breaks the grammar. */
export function readField(text: string, start: number, into: Field[]): number {
  let at = start;
  let seen = 0;
  let bits = octet(text.charCodeAt(at));
  while ((bits & TOKEN) !== 0) {
    seen |= bits;
    bits = octet(text.charCodeAt(++at));
  }
  if (at === start || text.charCodeAt(at) !== COLON) return -1;
  const name = text.slice(start, at);

  let code = text.charCodeAt(++at);
  while (code === SP || code === HTAB) code = text.charCodeAt(++at);
  const valueStart = at;
  while ((octet(code) & VALUE) !== 0) code = text.charCodeAt(++at);
  if (code !== CR || text.charCodeAt(at + 1) !== LF) return -1;
  let valueEnd = at;
  while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--;

  into.push({
    name: (seen & UPPER) === 0 ? name : name.toLowerCase(),
    value: text.slice(valueStart, valueEnd),
    start,
    end: at + 2,
  });
  return at + 2;
}

/** Says what is wrong with a line that `readField` did not accept. Apart, so that the good path stays small. */
export function fieldFault(text: string, start: number): WireFault {
  const first = text.charCodeAt(start);
  if (isBlank(first)) return malformed("a header line begins with white space (folding is obsolete)");
  if (first === COLON) return malformed("a header field has no name");
  if (first === CR) return malformed("a carriage return stands without its line feed");
  let at = start;
  while ((octet(text.charCodeAt(at)) & TOKEN) !== 0) at++;
  const code = text.charCodeAt(at);
  if (isBlank(code)) return malformed("a header field name holds or is followed by white space");
  if (code === CR || code === LF) return malformed("a header line has no colon, or ends in a bare line feed");
  if (code !== COLON) return malformed("a header field name holds a character that is not allowed");
  do at++;
  while ((octet(text.charCodeAt(at)) & VALUE) !== 0);
  if (text.charCodeAt(at) === CR) return malformed("a carriage return stands without its line feed");
  if (text.charCodeAt(at) === LF) return malformed("a header line ends in a bare line feed");
  return malformed("a header field value holds a control character");
}

export function isBlank(code: number): boolean {
  return code === SP || code === HTAB;
}

/** The elements of a comma-separated list, in lower case; `undefined` if one of them is no token (RFC 9110 §5.6.1). */
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
    // Empty elements are to be skipped, not refused (RFC 9110 §5.6.1.2).
    if (value[at++] !== ",") return undefined;
  }
}
