import { SPACE, QUOTE, COMMA, BACKSLASH, CLOSE_BRACKET, CLOSE_BRACE } from "./ascii.ts";

/** The string goes on past the bytes at hand. */
export const OPEN = -1;
/** The same, and the last byte is a backslash whose escaped character is still to come. */
export const OPEN_ESCAPED = -2;

/** The index behind the closing quote of the string that `from` lies in, or `OPEN` or `OPEN_ESCAPED`. */
export function stringEnd(bytes: Buffer, from: number, to: number): number {
  let at = from;
  for (;;) {
    // Most strings are short, where a loop beats a native search; text and base64 are long, where it is the other way round.
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

/** Whether an odd number of backslashes stands right before `to`. */
function endsEscaped(bytes: Buffer, from: number, to: number): boolean {
  let at = to;
  while (at > from && bytes[at - 1] === BACKSLASH) at--;
  return (to - at) % 2 === 1;
}

/** The index behind the number or word that `from` lies in, or `OPEN`. */
export function scalarEnd(bytes: Buffer, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= SPACE) return at;
  }
  return OPEN;
}

/** The value that the text is the JSON of; `undefined` where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: as good as absent.
    return undefined;
  }
}
