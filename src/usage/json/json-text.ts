import { SPACE, QUOTE, COMMA, BACKSLASH, CLOSE_BRACKET, CLOSE_BRACE } from "./ascii.ts";

/** The string continues after the available bytes. */
export const OPEN = -1;
/** Like `OPEN`, and the last byte is a backslash whose escaped character has not arrived. */
export const OPEN_ESCAPED = -2;

/** The index after the closing quote of the string that contains `from`, or `OPEN` or `OPEN_ESCAPED`. */
export function stringEnd(bytes: Buffer, from: number, to: number): number {
  let at = from;
  for (;;) {
    // A loop is faster for short strings, as most are; a native search is faster for long text and base64.
    const near = Math.min(to, at + 48);
    while (at < near) {
      const byte = bytes[at];
      if (byte === QUOTE) return at + 1;
      if (byte === BACKSLASH) {
        if (at + 1 >= to) return OPEN_ESCAPED;
        at++;
      }
      at++;
    }
    if (at >= to) return OPEN;

    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1 || quote >= to) return endsEscaped(bytes, at, to) ? OPEN_ESCAPED : OPEN;
    if (!endsEscaped(bytes, at, quote)) return quote + 1;
    at = quote + 1;
  }
}

/** True if an odd number of backslashes precedes `to`. */
function endsEscaped(bytes: Buffer, from: number, to: number): boolean {
  let at = to;
  while (at > from && bytes[at - 1] === BACKSLASH) at--;
  return (to - at) % 2 === 1;
}

/** The index after the number or word that contains `from`, or `OPEN`. */
export function scalarEnd(bytes: Buffer, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= SPACE) return at;
  }
  return OPEN;
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Invalid JSON counts as absent.
    return undefined;
  }
}
