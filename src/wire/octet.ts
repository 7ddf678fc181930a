/** The character classes of each byte, in one table, because every byte of every head is looked up. */

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;

/** `tchar` of RFC 9110 §5.6.2. */
export const TOKEN = 1;
/** HTAB, SP, VCHAR and obs-text: the bytes of a field value (RFC 9110 §5.5). */
export const VALUE = 2;
/** Visible ASCII without `#` (never sent, RFC 9112 §3.2) and `\` (read as `/` by WHATWG parsers). */
export const TARGET = 4;
/** `.` and `%`: a target without them can contain neither a dot segment nor an encoded NUL. */
export const SUSPECT = 8;
/** unreserved / sub-delims of RFC 3986 §2: the unencoded characters of a reg-name. */
export const NAME = 16;
export const HEX = 32;
export const DIGIT = 64;

const OCTETS = classify();

/** The classes of one byte, as bits; 0 past the end. */
export function octet(code: number | undefined): number {
  return code === undefined ? 0 : (OCTETS[code] ?? 0);
}

function classify(): Uint8Array {
  const table = new Uint8Array(256);
  const mark = (characters: string, bits: number): void => {
    for (let at = 0; at < characters.length; at++) {
      const code = characters.charCodeAt(at);
      table[code] = (table[code] ?? 0) | bits;
    }
  };
  const digits = "0123456789";
  const lower = "abcdefghijklmnopqrstuvwxyz";
  const upper = lower.toUpperCase();
  mark(digits + lower + upper + "!#$%&'*+-.^_`|~", TOKEN);
  mark(digits + lower + upper + "-._~!$&'()*+,;=", NAME);
  mark(digits + "abcdefABCDEF", HEX);
  mark(digits, DIGIT);
  mark(".%", SUSPECT);
  for (let code = SP; code < 256; code++) {
    if (code !== 0x7f) table[code] = (table[code] ?? 0) | VALUE;
  }
  for (let code = 0x21; code < 0x7f; code++) table[code] = (table[code] ?? 0) | TARGET;
  mark("\t", VALUE);
  for (const code of [0x23, 0x5c]) table[code] = (table[code] ?? 0) & ~TARGET;
  return table;
}

/** True if the bytes at that offset are `ascii`. */
export function matchesAt(bytes: Uint8Array, at: number, ascii: string): boolean {
  for (let index = 0; index < ascii.length; index++) {
    if (bytes[at + index] !== ascii.charCodeAt(index)) return false;
  }
  return true;
}
