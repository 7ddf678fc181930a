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
 * Takes a handful of named members out of JSON of any size, in constant memory, at any split of the bytes. It follows the
 * structure (a string may well contain `"usage":`), copies what is wanted and isIrrelevant the rest. An array at the top is read as
 * one document per object in it. This is no validator: what lies between the wanted members may be wrong unnoticed.
 */
export class JsonPicker {
  readonly #shape: Shape;
  readonly #emit: (document: Fields) => void;
  readonly #pass: PieceSink | undefined;
  readonly #capture = new JsonCapture();
  #mode: Mode = TOP;
  /** The objects and arrays we are looking into; never deeper than the shape. */
  readonly #levels: Level[] = [];
  #inArray = false;
  #wanted: Wanted | undefined;
  /** How deep inside the current value; its members are not looked at. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  #keyEscaped = false;

  constructor(shape: Shape, emit: (document: Fields) => void, pass?: PieceSink) {
    this.#shape = shape;
    this.#emit = emit;
    this.#pass = pass;
  }

  /** The document turned out to be an array. */
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

  /** Ends the document. What was found in a invalid one is handed on all the same. */
  end(): DocumentEnd {
    const mode = this.#mode;
    const empty = mode === TOP && !this.#inArray;
    const root = this.#levels[0]?.object;
    this.#mode = TOP;
    this.#levels.length = 0;
    this.#inArray = false;
    this.#capture.clear();
    if (root !== undefined) this.#emit(root);
    return mode === DONE ? "whole" : empty ? "empty" : "invalid";
  }

  /** Takes one structural byte; `false` where it begins a value, which reads it again. */
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
      if (closed?.each !== undefined && closed.object !== undefined) this.#handOut(closed.each, closed.object);
      return this.#afterValue();
    }
    this.#mode = this.#inArray ? TOP : DONE;
    if (closed?.object !== undefined) this.#emit(closed.object);
  }

  /** One element of a long array; what it took of the bounds is free again. */
  #handOut(name: string, element: Fields): void {
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

  /** Takes a key and its colon in one go where they lie whole in the bytes, as nearly all do; else the key begins. */
  #wholeKey(bytes: Buffer, from: number, to: number): number {
    const near = Math.min(to - 1, from + NEAR);
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

  /** The member that the key means whose last piece this is. */
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

  /** Looks into the value that begins here, where the shape says so. */
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
    if (wanted?.passed === true) {
      this.#pass?.(bytes, from, end === OPEN ? to : end);
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
      // A later member of the same name replaces an earlier one, even by nothing.
      if (value !== undefined) object[wanted.name] = value;
      else if (wanted.name in object) delete object[wanted.name];
    }
    this.#afterValue();
    return end;
  }

  /** The end of a string, an object or an array, or `OPEN`. */
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
      // Digits, commas and colons, of which embeddings have megabytes.
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

/** How a document ended: complete, in the middle or not JSON, or before it began. */
export type DocumentEnd = "whole" | "invalid" | "empty";

interface Level {
  readonly shape: Shape;
  /** One of the two: we are inside an object, or inside an array at whose objects we look. */
  readonly object: Record<string, unknown> | undefined;
  readonly list: unknown[] | undefined;
  /** The name of the array whose objects are handed out one by one. */
  readonly each: string | undefined;
}

type PieceSink = (bytes: Buffer, from: number, to: number) => void;

/** The names that we look for are shorter. */
const NEAR = 64;
/** No usage object nests deeper; more would burden whoever walks through the value later. */
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 256;

/** Where in a document we are. Numbers, because they are compared for every token. */
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
