import { ByteStore } from "./byte-store.ts";
import type { Fields } from "./fields.ts";
import { type Shape, type Wanted, wantedKey } from "./json-shape.ts";
import { OPEN_ESCAPED, stringEnd } from "./json-string.ts";

/**
 * Takes a handful of named members out of JSON of any size, in constant memory, at any split of the bytes. It follows the
 * structure (a string may well contain `"usage":`), copies what is wanted and skips the rest. An array at the top is read as
 * one document per object in it. This is no validator: what lies between the wanted members may be wrong unnoticed.
 */
export class JsonPicker {
  readonly #shape: Shape;
  readonly #emit: (document: Fields) => void;
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
  #overflow = false;
  /** Bytes of values taken from the current document. */
  #taken = 0;
  #store: ByteStore | undefined;

  constructor(shape: Shape, emit: (document: Fields) => void) {
    this.#shape = shape;
    this.#emit = emit;
  }

  /** The document turned out to be an array. */
  get isArray(): boolean {
    return this.#inArray;
  }

  push(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (this.#mode === VALUE || this.#mode === SCALAR) at = this.#value(bytes, at, to);
      else if (this.#mode === KEY) at = this.#key(bytes, at, to);
      else if (this.#mode === DONE || this.#mode === BROKEN) return;
      else if (this.#token(bytes[at] ?? 0)) at++;
    }
  }

  /** Ends the document. What was found in a torn one is handed on all the same. */
  end(): Wholeness {
    const mode = this.#mode;
    const empty = mode === TOP && !this.#inArray;
    const root = this.#levels[0]?.object;
    this.#mode = TOP;
    this.#levels.length = 0;
    this.#inArray = false;
    this.#store?.clear();
    if (root !== undefined) this.#emit(root);
    return mode === DONE ? "whole" : empty ? "empty" : "torn";
  }

  /** Takes one structural byte; `false` where it begins a value, which reads it again. */
  #token(byte: number): boolean {
    if (byte <= SPACE && (byte === SPACE || byte === LF || byte === CR || byte === TAB)) return true;
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
      this.#taken = 0;
      this.#open(this.#shape, Object.create(null), undefined);
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

  #open(shape: Shape, object: Record<string, unknown> | undefined, list: unknown[] | undefined): void {
    this.#levels.push({ shape, object, list });
    this.#mode = list === undefined ? MEMBER : ELEMENT;
    this.#wanted = undefined;
  }

  #closeLevel(): void {
    const closed = this.#levels.pop();
    this.#wanted = undefined;
    if (this.#levels.length > 0) return this.#afterValue();
    this.#mode = this.#inArray ? TOP : DONE;
    if (closed?.object !== undefined) this.#emit(closed.object);
  }

  #afterValue(): void {
    const level = this.#levels.at(-1);
    this.#wanted = undefined;
    this.#mode = level === undefined ? TOP : level.list === undefined ? MEMBER : ELEMENT;
  }

  #startKey(): void {
    this.#mode = KEY;
    this.#keyEscaped = false;
    this.#restart();
  }

  #restart(): void {
    this.#escaped = false;
    this.#overflow = false;
    this.#store?.clear();
  }

  #key(bytes: Buffer, from: number, to: number): number {
    let at = from;
    let closed = false;
    while (at < to && !closed) {
      const byte = bytes[at++];
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = this.#keyEscaped = true;
      else closed = byte === QUOTE;
    }

    const end = closed ? at - 1 : at;
    if (closed && (this.#store?.length ?? 0) === 0) {
      this.#finishKey(bytes, from, end);
    } else {
      // No wanted name is this long, however it is escaped.
      this.#keep(bytes, from, end, MAX_KEY_BYTES);
      const kept = this.#store?.view();
      if (closed && kept !== undefined) this.#finishKey(kept, 0, kept.length);
    }
    return at;
  }

  #finishKey(bytes: Buffer, from: number, to: number): void {
    const shape = this.#levels.at(-1)?.shape ?? this.#shape;
    if (this.#overflow) this.#wanted = undefined;
    else if (this.#keyEscaped) this.#wanted = shape.byName.get(unescaped(bytes.toString("utf8", from, to)) ?? "");
    else this.#wanted = wantedKey(shape, bytes, from, to);
    this.#mode = AFTER_KEY;
  }

  #startValue(byte: number): boolean {
    const level = this.#levels.at(-1);
    if (level !== undefined && this.#descend(level, byte)) return true;

    this.#restart();
    this.#depth = 0;
    this.#inString = false;
    this.#mode = byte === QUOTE || byte === OPEN_BRACE || byte === OPEN_BRACKET ? VALUE : SCALAR;
    return false;
  }

  /** Looks into the value that begins here, where the shape says so. */
  #descend(level: Level, byte: number): boolean {
    if (byte === OPEN_BRACE && level.list !== undefined && level.list.length < MAX_ELEMENTS) {
      const element: Record<string, unknown> = Object.create(null);
      level.list.push(element);
      this.#open(level.shape, element, undefined);
      return true;
    }
    const wanted = this.#wanted;
    if (wanted?.inner === undefined || level.object === undefined) return false;
    if (byte === OPEN_BRACE) {
      const inner: Record<string, unknown> = Object.create(null);
      level.object[wanted.name] = inner;
      this.#open(wanted.inner, inner, undefined);
    } else if (byte === OPEN_BRACKET) {
      const list: unknown[] = [];
      level.object[wanted.name] = list;
      this.#open(wanted.inner, undefined, list);
    } else {
      return false;
    }
    return true;
  }

  #value(bytes: Buffer, from: number, to: number): number {
    const end = this.#mode === SCALAR ? scalarEnd(bytes, from, to) : this.#valueEnd(bytes, from, to);
    const at = end === OPEN ? to : end;
    if (this.#wanted !== undefined) this.#take(this.#wanted, bytes, from, at, end !== OPEN);
    if (end !== OPEN) this.#afterValue();
    return at;
  }

  /** The end of a string, an object or an array, or `OPEN`. */
  #valueEnd(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      if (this.#inString) {
        const end = this.#escaped ? stringEnd(bytes, at + 1, to) : stringEnd(bytes, at, to);
        this.#escaped = end === OPEN_ESCAPED;
        if (end < 0) return OPEN;
        this.#inString = false;
        at = end;
        if (this.#depth === 0) return at;
        continue;
      }
      const byte = bytes[at++];
      if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (++this.#depth > MAX_DEPTH) this.#overflow = true;
      } else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --this.#depth === 0) return at;
    }
    return OPEN;
  }

  #take(wanted: Wanted, bytes: Buffer, from: number, to: number, last: boolean): void {
    if (!last || (this.#store?.length ?? 0) > 0) this.#keep(bytes, from, to, MAX_TAKEN - this.#taken);
    if (!last) return;

    const object = this.#levels.at(-1)?.object;
    if (object === undefined) return;
    const kept = this.#store?.view();
    const length = kept === undefined || kept.length === 0 ? to - from : kept.length;
    // A later member of the same name replaces an earlier one, even by nothing.
    if (wanted.name in object) delete object[wanted.name];
    if (this.#overflow || this.#taken + length > MAX_TAKEN) return;
    this.#taken += length;
    const text = length === to - from ? bytes.toString("utf8", from, to) : (kept?.toString("utf8") ?? "");
    const value = parsed(text);
    if (value !== undefined) object[wanted.name] = value;
  }

  #keep(bytes: Buffer, from: number, to: number, cap: number): void {
    if (this.#overflow) return;
    this.#store ??= new ByteStore();
    this.#overflow = !this.#store.append(bytes, from, to, cap);
  }
}

/** How a document ended: complete, in the middle or not JSON, or before it began. */
export type Wholeness = "whole" | "torn" | "empty";

interface Level {
  readonly shape: Shape;
  /** One of the two: we are inside an object, or inside an array at whose objects we look. */
  readonly object: Record<string, unknown> | undefined;
  readonly list: unknown[] | undefined;
}

function scalarEnd(bytes: Buffer, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= SPACE) return at;
  }
  return -1;
}

function unescaped(text: string): string | undefined {
  const value = parsed(`"${text}"`);
  return typeof value === "string" ? value : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: as good as absent.
    return undefined;
  }
}

/** All values taken from one document; usage objects are some hundred bytes. */
const MAX_TAKEN = 60 * 1024;
const MAX_KEY_BYTES = 256;
/** No usage object nests deeper; more would burden whoever walks through the value later. */
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 256;
const OPEN = -1;

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
type Mode =
  | typeof TOP
  | typeof MEMBER
  | typeof KEY
  | typeof AFTER_KEY
  | typeof BEFORE_VALUE
  | typeof VALUE
  | typeof SCALAR
  | typeof ELEMENT
  | typeof DONE
  | typeof BROKEN;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
