import { COMMA, isJsonSpace, LF, OPEN_BRACKET, QUOTE } from "../json/ascii.ts";
import { OPEN_ESCAPED, stringEnd } from "../json/json-text.ts";
import { TokenEstimator } from "./token-estimator.ts";

/**
 * Counts the text in passing JSON for estimates: the strings of certain members, found by name alone, in any framing
 * and wherever the bytes are split. A name inside a string has escaped quotes and does not match.
 */
export class TextCounter {
  readonly #members: RegExp;
  readonly #estimator = new TokenEstimator();
  /** The current position is inside a string that is counted. */
  #inText = false;
  #escaped = false;
  /** That string is an element of a list whose elements are all counted. */
  #inList = false;
  /** The last characters searched, which may contain the beginning of a name. */
  #tail = "";
  /** The first bytes, not searched yet; `undefined` once there were too many to keep. */
  #waiting: Buffer[] | undefined = [];
  #waitingBytes = 0;

  /** `members` finds the opening quote of a value: `/"text"\s*:\s*"/g`. */
  constructor(members: RegExp) {
    this.#members = members;
  }

  get tokens(): number {
    this.#catchUp();
    return this.#estimator.tokens;
  }

  /**
   * Keeps the first bytes unsearched: most responses are small and report their usage, so their text is never counted.
   */
  push(bytes: Buffer, from: number, to: number): void {
    const waiting = this.#waiting;
    if (waiting === undefined) this.#read(bytes, from, to);
    else if (this.#waitingBytes + to - from <= MAX_WAITING_BYTES && waiting.length < MAX_WAITING) {
      // A copy: decoded bytes are overwritten, and a slice of a socket's buffer would keep all of it alive.
      const copy = Buffer.allocUnsafe(to - from);
      bytes.copy(copy, 0, from, to);
      waiting.push(copy);
      this.#waitingBytes += to - from;
    } else {
      this.#catchUp();
      this.#read(bytes, from, to);
    }
  }

  #catchUp(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const bytes of waiting) this.#read(bytes, 0, bytes.length);
  }

  #read(bytes: Buffer, from: number, to: number): void {
    let at = this.#inText ? this.#measure(bytes, from, to) : from;
    while (at < to && !this.#inText) {
      if (to - at > WINDOW && this.#tail === "") at = this.#skip(bytes, at, to);
      if (at < to) at = this.#search(bytes, at, to);
    }
  }

  /** The index where the next name may begin. Images and vectors contain no names for megabytes. */
  #skip(bytes: Buffer, from: number, to: number): number {
    const end = bytes.indexOf(NAME_END, from);
    if (end !== -1 && end < to) return Math.max(from, end - MAX_NAME);
    return Math.max(from, to - MAX_NAME);
  }

  /** Searches one window for names and counts their values. Returns the index after the last one. */
  #search(bytes: Buffer, from: number, to: number): number {
    const end = Math.min(from + WINDOW, to);
    const text = this.#tail + bytes.toString("latin1", from, end);
    // The offset from an index in the text to the index in the bytes.
    const shift = from - this.#tail.length;
    const members = this.#members;
    let searchedTo = 0;
    members.lastIndex = 0;
    while (members.test(text)) {
      const open = members.lastIndex;
      this.#inList = text.charCodeAt(open - 2) === OPEN_BRACKET;
      this.#tail = "";
      const at = this.#measure(bytes, open + shift, to);
      if (this.#inText || at >= end) return at;
      searchedTo = at - shift;
      members.lastIndex = searchedTo;
    }
    // Most chunks end with a whole event, after which no name is open.
    this.#tail = bytes[end - 1] === LF ? "" : text.slice(Math.max(searchedTo, text.length - MAX_NAME));
    if (!this.#tail.includes('"')) this.#tail = "";
    // A slice would keep the whole text alive; a copy does not.
    if (text.length > SMALL && this.#tail !== "") this.#tail = Buffer.from(this.#tail, "latin1").toString("latin1");
    return end;
  }

  /** Counts the string that contains `from`, as far as it has arrived. Returns the index after it. */
  #measure(bytes: Buffer, from: number, to: number): number {
    let at = from;
    for (;;) {
      const end = stringEnd(bytes, this.#escaped ? Math.min(at + 1, to) : at, to);
      this.#escaped = end === OPEN_ESCAPED;
      this.#inText = end < 0;
      this.#estimator.add(bytes, at, end < 0 ? to : end - 1);
      if (end < 0) return to;
      const next = this.#inList ? elementAfter(bytes, end, to) : -1;
      if (next === -1) return end;
      at = next;
    }
  }
}

/** The index after the opening quote of the list's next string; -1 if there is none in these bytes. */
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

const MAX_WAITING_BYTES = 16 * 1024;
const MAX_WAITING = 16;
/** The longest name of a member, with its quotes, colon and the bracket of a list. */
const MAX_NAME = 40;
const NAME_END = Buffer.from('":');
/** The number of bytes searched at a time. */
const WINDOW = 4096;
/** Events are rarely larger, and a smaller text is not worth a copy. */
const SMALL = 256;
