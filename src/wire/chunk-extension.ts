import { octet, TOKEN, VALUE } from "./octet.ts";

const QUOTE = 0x22;
const EQUALS = 0x3d;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;

/** The state of a reader of `*( ";" name [ "=" ( token / quoted-string ) ] )` (RFC 9112 §7.1.1). */
export const EXTENSION_START = 0;
const IN_NAME = 1;
const VALUE_START = 2;
const IN_TOKEN = 3;
const IN_QUOTES = 4;
const ESCAPED = 5;
const AFTER_QUOTES = 6;
/** The state after a byte that the grammar does not allow. */
export const EXTENSION_FAULT = 7;

/** Reads one byte; start with `EXTENSION_START` after the first `;`. White space around `;` and `=` is rejected. */
export function extensionStep(state: number, code: number): number {
  const isToken = (octet(code) & TOKEN) !== 0;
  switch (state) {
    case EXTENSION_START:
      return isToken ? IN_NAME : EXTENSION_FAULT;
    case IN_NAME:
      if (isToken) return IN_NAME;
      return code === EQUALS ? VALUE_START : code === SEMICOLON ? EXTENSION_START : EXTENSION_FAULT;
    case VALUE_START:
      return code === QUOTE ? IN_QUOTES : isToken ? IN_TOKEN : EXTENSION_FAULT;
    case IN_TOKEN:
      return isToken ? IN_TOKEN : code === SEMICOLON ? EXTENSION_START : EXTENSION_FAULT;
    case IN_QUOTES:
      if (code === QUOTE) return AFTER_QUOTES;
      if (code === BACKSLASH) return ESCAPED;
      return (octet(code) & VALUE) !== 0 ? IN_QUOTES : EXTENSION_FAULT;
    case ESCAPED:
      return (octet(code) & VALUE) !== 0 ? IN_QUOTES : EXTENSION_FAULT;
    case AFTER_QUOTES:
      return code === SEMICOLON ? EXTENSION_START : EXTENSION_FAULT;
    default:
      return EXTENSION_FAULT;
  }
}

/** True if the line may end in this state. */
export function extensionMayEnd(state: number): boolean {
  return state === IN_NAME || state === IN_TOKEN || state === AFTER_QUOTES;
}
