import { BoundedBuffer } from "./bounded-buffer.ts";
import { parsed } from "./json-text.ts";

/** The bytes of one key or value at a time, put together where they come in pieces; bounded for a whole document. */
export class JsonCapture {
  #store: BoundedBuffer | undefined;
  #overflow = false;
  /** Bytes of values given out for the current document. */
  #given = 0;

  get isEmpty(): boolean {
    return !this.#overflow && (this.#store === undefined || this.#store.length === 0);
  }

  startDocument(): void {
    this.#given = 0;
  }

  start(): void {
    this.#overflow = false;
    this.#store?.clear();
  }

  /** Gives this one up: it is not what it should be. */
  discard(): void {
    this.#overflow = true;
  }

  /** Keeps a piece that is not the last. */
  keep(bytes: Buffer, from: number, to: number): void {
    if (this.#overflow) return;
    this.#store ??= new BoundedBuffer();
    this.#overflow = !this.#store.append(bytes, from, to, MAX_CAPTURED - this.#given);
  }

  /** The whole text, now that its last piece is here; `undefined` where it was too large or spoiled. */
  finish(bytes: Buffer, from: number, to: number): string | undefined {
    if (this.#store === undefined || this.#store.length === 0) {
      const fits = !this.#overflow && to - from <= MAX_CAPTURED - this.#given;
      return fits ? bytes.toString("utf8", from, to) : undefined;
    }
    this.keep(bytes, from, to);
    return this.#overflow ? undefined : this.#store.view().toString("utf8");
  }

  /** The value whose last piece this is; `undefined` also where it is not JSON. */
  finishValue(bytes: Buffer, from: number, to: number): unknown {
    const text = this.finish(bytes, from, to);
    if (text === undefined) return undefined;
    this.#given += text.length;
    return parsed(text);
  }

  clear(): void {
    this.#store?.clear();
  }
}

/** All that may be taken from one document; usage objects are some hundred bytes. */
const MAX_CAPTURED = 60 * 1024;
