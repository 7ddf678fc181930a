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
import { emptyFields, type Fields } from "./fields.ts";
import { JsonCapture } from "./json-capture.ts";
import { type Shape, type Wanted, wantedKey } from "./json-shape.ts";
import { OPEN, OPEN_ESCAPED, parsed, scalarEnd, stringEnd } from "./json-text.ts";

/**
 * Takes named members out of JSON of any size, in constant memory, wherever the bytes are split. It follows the
 * structure, because a string may contain `"usage":`, copies the wanted members and skips the rest. It reads an array
 * at the top as one document for each object in it. It does not validate: invalid JSON between the wanted members goes
 * unnoticed.
 */
export class JsonPicker {
  readonly #shape: Shape;
  readonly #emit: (document: Fields) => void;
  readonly #onText: PieceSink | undefined;
  readonly #capture = new JsonCapture();
  #mode: Mode = TOP;
  /** The open objects and arrays that the shape describes; never deeper than the shape. */
  readonly #levels: Level[] = [];
  #inArray = false;
  #wanted: Wanted | undefined;
  /** The nesting depth inside the current value, whose members are not looked at. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  #keyEscaped = false;

  constructor(shape: Shape, emit: (document: Fields) => void, onText?: PieceSink) {
    this.#shape = shape;
    this.#emit = emit;
    this.#onText = onText;
  }

  /** True if the document is an array. */
  get isArray(): boolean {
    return this.#inArray;
  }

  push(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      const mode = this.#mode;
      if (mode === VALUE || mode === SCALAR) at = this.#value(bytes, at, to);
      else if (mode === MEMBER && bytes[at] === QUOTE) at = this.#wholeKey(bytes, at + 1, to);
      else if (mode === KEY) at = this.#key(bytes, at, to);
      else if (mode === DONE || mode === BROKEN) return;
      else if (this.#token(bytes[at] ?? 0)) at++;
    }
  }

  /** Ends the document. The members found in an invalid document are emitted as well. */
  end(): DocumentEnd {
    const mode = this.#mode;
    const empty = mode === TOP && !this.#inArray;
    const root = this.#levels[0]?.object;
    this.#mode = TOP;
    this.#levels.length = 0;
    this.#inArray = false;
    this.#capture.clear();
    if (root !== undefined) this.#emit(root);
    return mode === DONE ? "complete" : empty ? "empty" : "invalid";
  }

  /** Takes one structural byte. Returns `false` if the byte begins a value and must be read again as part of it. */
  #token(byte: number): boolean {
    if (byte <= SPACE && isJsonSpace(byte)) return true;
    switch (this.#mode) {
      case TOP:
        return this.#top(byte);
      case MEMBER:
        if (byte === QUOTE) this.#startKey();
        else if (byte === CLOSE_BRACE) this.#closeLevel();
        else if (byte !== COMMA) this.#mode = BROKEN;
        return true;
      case AFTER_KEY:
        this.#mode = byte === COLON ? BEFORE_VALUE : BROKEN;
        return true;
      case ELEMENT:
        if (byte === COMMA) return true;
        if (byte !== CLOSE_BRACKET) return this.#startValue(byte);
        this.#closeLevel();
        return true;
      default:
        return this.#startValue(byte);
    }
  }

  #top(byte: number): boolean {
    if (byte === OPEN_BRACE) {
      this.#capture.startDocument();
      this.#open({ shape: this.#shape, object: emptyFields(), list: undefined, each: undefined });
      return true;
    }
    if (!this.#inArray) {
      this.#inArray = byte === OPEN_BRACKET;
      if (!this.#inArray) this.#mode = BROKEN;
      return true;
    }
    if (byte === CLOSE_BRACKET) this.#mode = DONE;
    else if (byte !== COMMA) return this.#startValue(byte);
    return true;
  }

  #open(level: Level): void {
    this.#levels.push(level);
    this.#mode = level.list === undefined ? MEMBER : ELEMENT;
    this.#wanted = undefined;
  }

  #closeLevel(): void {
    const closed = this.#levels.pop();
    if (this.#levels.length > 0) {
      if (closed?.each !== undefined && closed.object !== undefined) this.#emitElement(closed.each, closed.object);
      return this.#afterValue();
    }
    this.#mode = this.#inArray ? TOP : DONE;
    if (closed?.object !== undefined) this.#emit(closed.object);
  }

  /** Emits one element of a long array as a document of its own, with the full capture limit for the next one. */
  #emitElement(name: string, element: Fields): void {
    this.#capture.startDocument();
    const document = emptyFields();
    document[name] = element;
    this.#emit(document);
  }

  #afterValue(): void {
    const level = this.#levels.at(-1);
    this.#wanted = undefined;
    this.#mode = level === undefined ? TOP : level.list === undefined ? MEMBER : ELEMENT;
  }

  /** Takes a key and its colon at once if the buffer contains both, as it nearly always does; else begins the key. */
  #wholeKey(bytes: Buffer, from: number, to: number): number {
    const near = Math.min(to - 1, from + LONGEST_KEY);
    let at = from;
    while (at < near && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH) at++;
    if (at >= near || bytes[at] !== QUOTE || bytes[at + 1] !== COLON) {
      this.#startKey();
      return from;
    }
    this.#wanted = wantedKey(this.#levels.at(-1)?.shape ?? this.#shape, bytes, from, at);
    this.#mode = BEFORE_VALUE;
    return at + 2;
  }

  #startKey(): void {
    this.#mode = KEY;
    this.#keyEscaped = false;
    this.#escaped = false;
    this.#capture.start();
  }

  #key(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      const byte = bytes[at++];
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = this.#keyEscaped = true;
      else if (byte === QUOTE) {
        this.#wanted = this.#named(bytes, from, at - 1);
        this.#mode = AFTER_KEY;
        return at;
      }
    }
    this.#capture.keep(bytes, from, to);
    return to;
  }

  /** Takes the last piece of a key and returns the member it names. */
  #named(bytes: Buffer, from: number, to: number): Wanted | undefined {
    const shape = this.#levels.at(-1)?.shape ?? this.#shape;
    if (!this.#keyEscaped && this.#capture.isEmpty) return wantedKey(shape, bytes, from, to);
    const text = this.#capture.finish(bytes, from, to);
    if (text === undefined || !this.#keyEscaped) return shape.byName.get(text ?? "");
    const name = parsed(`"${text}"`);
    return typeof name === "string" ? shape.byName.get(name) : undefined;
  }

  #startValue(byte: number): boolean {
    const level = this.#levels.at(-1);
    if (level !== undefined && this.#descend(level, byte)) return true;
    if (byte <= SPACE || byte === COMMA || byte === COLON || byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      this.#mode = BROKEN;
      return true;
    }

    this.#capture.start();
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#mode = byte === QUOTE || byte === OPEN_BRACE || byte === OPEN_BRACKET ? VALUE : SCALAR;
    return false;
  }

  /** Enters the value that begins here if the shape describes its inside. */
  #descend(level: Level, byte: number): boolean {
    if (byte === OPEN_BRACE && level.list !== undefined && level.list.length < MAX_ELEMENTS) {
      const object = emptyFields();
      if (level.each === undefined) level.list.push(object);
      this.#open({ shape: level.shape, object, list: undefined, each: level.each });
      return true;
    }
    const wanted = this.#wanted;
    if (wanted?.inner === undefined || level.object === undefined) return false;
    if (byte === OPEN_BRACE) {
      const object = emptyFields();
      level.object[wanted.name] = object;
      this.#open({ shape: wanted.inner, object, list: undefined, each: undefined });
    } else if (byte === OPEN_BRACKET) {
      const list: unknown[] = [];
      level.object[wanted.name] = list;
      const each = wanted.each ? wanted.name : undefined;
      this.#open({ shape: wanted.inner, object: undefined, list, each });
    } else {
      return false;
    }
    return true;
  }

  #value(bytes: Buffer, from: number, to: number): number {
    const end = this.#mode === SCALAR ? scalarEnd(bytes, from, to) : this.#valueEnd(bytes, from, to);
    const wanted = this.#wanted;
    if (wanted?.streamed === true) {
      this.#onText?.(bytes, from, end === OPEN ? to : end);
      if (end !== OPEN) this.#afterValue();
      return end === OPEN ? to : end;
    }
    if (end === OPEN) {
      if (wanted !== undefined) this.#capture.keep(bytes, from, to);
      return to;
    }
    const object = this.#levels.at(-1)?.object;
    if (wanted !== undefined && object !== undefined) {
      const value = this.#capture.finishValue(bytes, from, end);
      // A later member of the same name replaces an earlier one, even if the later value could not be captured.
      if (value !== undefined) object[wanted.name] = value;
      else if (wanted.name in object) delete object[wanted.name];
    }
    this.#afterValue();
    return end;
  }

  /** The index after a string, an object or an array, or `OPEN`. */
  #valueEnd(bytes: Buffer, from: number, to: number): number {
    let at = from;
    let depth = this.#depth;
    let inString = this.#inString;
    while (at < to) {
      if (inString) {
        const end = stringEnd(bytes, this.#escaped ? at + 1 : at, to);
        this.#escaped = end === OPEN_ESCAPED;
        if (end < 0) break;
        inString = false;
        if (depth === 0) return end;
        at = end;
        continue;
      }
      let byte = bytes[at++] ?? 0;
      // Skips digits, commas and colons quickly: embeddings contain megabytes of them.
      while (byte > QUOTE && byte < OPEN_BRACKET && at < to) byte = bytes[at++] ?? 0;
      if (byte === QUOTE) inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (++depth > MAX_DEPTH) this.#capture.discard();
      } else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at;
    }
    this.#depth = depth;
    this.#inString = inString;
    return OPEN;
  }
}

/** How a document ended: complete; invalid, which includes truncated; or before it began. */
export type DocumentEnd = "complete" | "invalid" | "empty";

interface Level {
  readonly shape: Shape;
  /** Exactly one of the two is set: `object` inside an object, `list` inside an array whose objects are read. */
  readonly object: Record<string, unknown> | undefined;
  readonly list: unknown[] | undefined;
  /** The name of the array whose objects are emitted one by one. */
  readonly each: string | undefined;
}

type PieceSink = (bytes: Buffer, from: number, to: number) => void;

/** Longer than every wanted name. */
const LONGEST_KEY = 64;
/** No usage object nests deeper, and later code walks the value recursively. */
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 256;

/** The position in the document. Numbers, because they are compared for every token. */
const TOP = 0;
const MEMBER = 1;
const KEY = 2;
const AFTER_KEY = 3;
const BEFORE_VALUE = 4;
const VALUE = 5;
const SCALAR = 6;
const ELEMENT = 7;
const DONE = 8;
const BROKEN = 9;
type Mode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
