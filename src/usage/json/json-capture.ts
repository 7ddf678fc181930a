import { BoundedBuffer } from "./bounded-buffer.ts";
import { parsed } from "./json-text.ts";

/** Joins the bytes of one key or value that arrives in pieces. The total for one document is bounded. */
export class JsonCapture {
  #store: BoundedBuffer | undefined;
  #overflow = false;
  /** Bytes of values already captured from the current document. */
  #capturedBytes = 0;

  get isEmpty(): boolean {
    return !this.#overflow && (this.#store === undefined || this.#store.length === 0);
  }

  startDocument(): void {
    this.#capturedBytes = 0;
  }

  start(): void {
    this.#overflow = false;
    this.#store?.clear();
  }

  /** Discards the current value, because it is not valid. */
  discard(): void {
    this.#overflow = true;
  }

  /** Keeps a piece that is not the last one. */
  keep(bytes: Buffer, from: number, to: number): void {
    if (this.#overflow) return;
    this.#store ??= new BoundedBuffer();
    this.#overflow = !this.#store.append(bytes, from, to, MAX_CAPTURED - this.#capturedBytes);
  }

  /** Takes the last piece and returns the whole text, or `undefined` if it was too large or discarded. */
  finish(bytes: Buffer, from: number, to: number): string | undefined {
    if (this.#store === undefined || this.#store.length === 0) {
      const fits = !this.#overflow && to - from <= MAX_CAPTURED - this.#capturedBytes;
      return fits ? bytes.toString("utf8", from, to) : undefined;
    }
    this.keep(bytes, from, to);
    return this.#overflow ? undefined : this.#store.view().toString("utf8");
  }

  /** Takes the last piece and returns the parsed value, or `undefined` if it is not JSON. */
  finishValue(bytes: Buffer, from: number, to: number): unknown {
    const text = this.finish(bytes, from, to);
    if (text === undefined) return undefined;
    this.#capturedBytes += text.length;
    return parsed(text);
  }

  clear(): void {
    this.#store?.clear();
  }
}

/** The limit for one document. Usage objects are a few hundred bytes. */
const MAX_CAPTURED = 60 * 1024;
