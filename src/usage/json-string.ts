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

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
