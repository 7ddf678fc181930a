import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  isJsonSpace,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
} from "./ascii.ts";
import { type Shape, type Wanted, wantedKey } from "./json-shape.ts";
import { OPEN, scalarEnd, stringEnd } from "./json-text.ts";

/**
 * Reduces a JSON object that is completely in one buffer to its wanted members, as JSON text, in one pass and without
 * objects. It takes only the usual: what is incomplete, too long, too deep or oddly written is left to `JsonPicker`,
 * which reads the same members from everything else. Values are copied as they are, so the text may be invalid JSON.
 */
export class JsonExtractor {
  readonly #out = Buffer.allocUnsafeSlow(MAX_EXTRACT);
  #length = 0;
  #bytes: Buffer = this.#out;
  #at = 0;
  #to = 0;

  /** Reads the object whose brace is at `from`. Returns `undefined` if the bytes are for the general reader. */
  extract(bytes: Buffer, from: number, to: number, shape: Shape): string | undefined {
    if (bytes[from] !== OPEN_BRACE) return undefined;
    this.#bytes = bytes;
    this.#at = from;
    this.#to = to;
    this.#length = 0;
    const isRead = this.#object(shape);
    this.#bytes = this.#out;
    return isRead ? this.#out.toString("utf8", 0, this.#length) : undefined;
  }

  /** Takes the object that begins here. Returns false for what is left to the general reader. */
  #object(shape: Shape): boolean {
    const bytes = this.#bytes;
    this.#put(OPEN_BRACE);
    this.#at++;
    let isFirst = true;
    for (let byte = this.#token(); byte !== CLOSE_BRACE || !isFirst; byte = this.#token()) {
      if (byte !== QUOTE) return false;
      const key = this.#at + 1;
      const keyEnd = this.#keyEnd(key);
      if (keyEnd === OPEN) return false;
      this.#at = keyEnd + 1;
      if (this.#token() !== COLON) return false;
      this.#at++;
      this.#token();
      const wanted = wantedKey(shape, bytes, key, keyEnd);
      if (!(wanted === undefined ? this.#skip() : this.#take(wanted, key - 1, keyEnd + 1))) return false;
      const after = this.#token();
      if (after === CLOSE_BRACE) break;
      if (after !== COMMA) return false;
      this.#at++;
      isFirst = false;
    }
    this.#at++;
    return this.#close(CLOSE_BRACE);
  }

  /** Takes the value that begins here, and its key between `key` and `keyEnd`. */
  #take(wanted: Wanted, key: number, keyEnd: number): boolean {
    if (wanted.each || wanted.streamed) return false;
    if (!this.#copy(key, keyEnd) || !this.#put(COLON)) return false;
    const byte = this.#bytes[this.#at];
    let isTaken: boolean;
    if (wanted.inner !== undefined && byte === OPEN_BRACE) isTaken = this.#object(wanted.inner);
    else if (wanted.inner !== undefined && byte === OPEN_BRACKET) isTaken = this.#list(wanted.inner);
    else {
      const start = this.#at;
      isTaken = this.#skip(MAX_DEPTH) && this.#copy(start, this.#at);
    }
    return isTaken && this.#put(COMMA);
  }

  /** Takes the objects of the list that begins here; other elements have no members. */
  #list(shape: Shape): boolean {
    this.#put(OPEN_BRACKET);
    this.#at++;
    let elements = 0;
    let byte = this.#token();
    while (byte !== CLOSE_BRACKET) {
      if (byte !== OPEN_BRACE) {
        if (!this.#skip()) return false;
      } else if (++elements > MAX_ELEMENTS || !this.#object(shape) || !this.#put(COMMA)) return false;
      byte = this.#token();
      if (byte === COMMA) {
        this.#at++;
        byte = this.#token();
        if (byte === CLOSE_BRACKET) return false;
      } else if (byte !== CLOSE_BRACKET) return false;
    }
    this.#at++;
    return this.#close(CLOSE_BRACKET);
  }

  /** Moves to the next byte that is no white space and returns it; 0 at the end. */
  #token(): number {
    const bytes = this.#bytes;
    const to = this.#to;
    let at = this.#at;
    while (at < to) {
      const byte = bytes[at] ?? 0;
      if (byte > SPACE || !isJsonSpace(byte)) {
        this.#at = at;
        return byte;
      }
      at++;
    }
    this.#at = to;
    return 0;
  }

  #keyEnd(from: number): number {
    const bytes = this.#bytes;
    const near = Math.min(this.#to, from + LONGEST_KEY);
    for (let at = from; at < near; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) return at;
      if (byte === BACKSLASH) return OPEN;
    }
    return OPEN;
  }

  /** Moves past the value that begins here. Returns false if it does not end, or nests deeper than `maxDepth`. */
  #skip(maxDepth = Infinity): boolean {
    const bytes = this.#bytes;
    const to = this.#to;
    let at = this.#at;
    const first = bytes[at] ?? 0;
    if (first === QUOTE) at = stringEnd(bytes, at + 1, to);
    else if (first === OPEN_BRACE || first === OPEN_BRACKET) at = nestedEnd(bytes, at, to, maxDepth);
    else if (isValueStart(first) && at < to) at = scalarEnd(bytes, at, to);
    else return false;
    if (at < 0) return false;
    this.#at = at;
    return true;
  }

  #put(byte: number): boolean {
    if (this.#length === MAX_EXTRACT) return false;
    this.#out[this.#length++] = byte;
    return true;
  }

  /** Ends an object or a list in place of the comma after its last member. */
  #close(byte: number): boolean {
    if (this.#out[this.#length - 1] === COMMA) this.#length--;
    return this.#put(byte);
  }

  #copy(from: number, to: number): boolean {
    const size = to - from;
    if (size > MAX_EXTRACT - this.#length) return false;
    const bytes = this.#bytes;
    const out = this.#out;
    let length = this.#length;
    // A loop is faster for the few bytes that most members have.
    if (size > LONG) {
      bytes.copy(out, length, from, to);
      length += size;
    } else for (let at = from; at < to; at++) out[length++] = bytes[at] ?? 0;
    this.#length = length;
    return true;
  }
}

/** The index after the object or list that begins at `from`; `OPEN` if it does not end or nests too deep. */
function nestedEnd(bytes: Buffer, from: number, to: number, maxDepth: number): number {
  let depth = 0;
  let at = from;
  while (at < to) {
    const byte = bytes[at++] ?? 0;
    if (byte === QUOTE) {
      at = stringEnd(bytes, at, to);
      if (at < 0) return OPEN;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > maxDepth) return OPEN;
    } else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at;
  }
  return OPEN;
}

function isValueStart(byte: number): boolean {
  return byte > SPACE && byte !== COMMA && byte !== COLON && byte !== CLOSE_BRACE && byte !== CLOSE_BRACKET;
}

/** Wanted members have a few hundred bytes. */
const MAX_EXTRACT = 16 * 1024;
/** Longer than every wanted name. */
const LONGEST_KEY = 64;
/** As in `JsonPicker`. */
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 256;
const LONG = 96;
