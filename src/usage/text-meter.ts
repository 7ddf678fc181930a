import { COMMA, isJsonSpace, LF, OPEN_BRACKET, QUOTE } from "./ascii.ts";
import { OPEN_ESCAPED, stringEnd } from "./json-text.ts";
import { TokenGuess } from "./token-guess.ts";

/**
 * Measures the text in passing JSON, for estimates: the strings of certain members, found by their names alone, whatever
 * frames they come in and wherever these are cut. A name inside a string has its quotes escaped and is not taken for one.
 */
export class TextMeter {
  readonly #members: RegExp;
  readonly #guess = new TokenGuess();
  /** Inside a string that is measured. */
  #inText = false;
  #escaped = false;
  /** That string is an element of a list, all of which are measured. */
  #inList = false;
  /** The end of what was searched, where the beginning of a name may lie in it. */
  #tail = "";

  /** `members` finds the opening quote of a value: `/"text"\s*:\s*"/g`. */
  constructor(members: RegExp) {
    this.#members = members;
  }

  get tokens(): number {
    return this.#guess.tokens;
  }

  push(bytes: Buffer, from: number, to: number): void {
    let at = this.#inText ? this.#measure(bytes, from, to) : from;
    if (this.#inText || at === to) return;

    const text = this.#tail + bytes.toString("latin1", at, to);
    // From a place in the text to the same in the bytes.
    const shift = at - this.#tail.length;
    const members = this.#members;
    let behind = 0;
    members.lastIndex = 0;
    while (members.test(text)) {
      const open = members.lastIndex;
      this.#inList = text.charCodeAt(open - 2) === OPEN_BRACKET;
      at = this.#measure(bytes, open + shift, to);
      if (this.#inText) {
        this.#tail = "";
        return;
      }
      behind = at - shift;
      members.lastIndex = behind;
    }
    // Most pieces end with a whole event.
    this.#tail = bytes[to - 1] === LF ? "" : text.slice(Math.max(behind, text.length - MAX_NAME));
  }

  /** Counts the string that `from` lies in, as far as it goes; returns the place behind it. */
  #measure(bytes: Buffer, from: number, to: number): number {
    let at = from;
    for (;;) {
      const end = stringEnd(bytes, this.#escaped ? Math.min(at + 1, to) : at, to);
      this.#escaped = end === OPEN_ESCAPED;
      this.#inText = end < 0;
      this.#guess.add(bytes, at, end < 0 ? to : end - 1);
      if (end < 0) return to;
      const next = this.#inList ? elementAfter(bytes, end, to) : -1;
      if (next === -1) return end;
      at = next;
    }
  }
}

/** Behind the opening quote of the list's next string; -1 where there is none at hand. */
function elementAfter(bytes: Buffer, from: number, to: number): number {
  let comma = false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return comma ? at + 1 : -1;
    if (byte === COMMA) comma = true;
    else if (!isJsonSpace(byte)) return -1;
  }
  return -1;
}

/** The longest name of a member with its quotes, colon and a list's bracket. */
const MAX_NAME = 40;
