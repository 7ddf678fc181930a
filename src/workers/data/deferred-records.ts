import { type DeferredRecord, NUMBERS, SEPARATOR } from "../../core/request/deferred-record.ts";
import type { DeferredBatch } from "../protocol/messages.ts";

/** The deferred records of one batch, as two values however many they are. */
export class DeferredRecords {
  #numbers: number[] = [];
  #texts: string[] = [];
  #characters = 0;

  get length(): number {
    return this.#texts.length;
  }

  get characters(): number {
    return this.#characters;
  }

  /** `place`: how many records of any kind the batch has before this one. */
  add({ numbers, text }: DeferredRecord, place: number): void {
    this.#numbers.push(place);
    for (let at = 0; at < NUMBERS; at++) this.#numbers.push(numbers[at] ?? NaN);
    this.#texts.push(text);
    this.#characters += text.length;
  }

  take(): DeferredBatch | undefined {
    if (this.#texts.length === 0) return undefined;
    const batch = { numbers: new Float64Array(this.#numbers), text: this.#texts.join(SEPARATOR) };
    this.#numbers = [];
    this.#texts = [];
    this.#characters = 0;
    return batch;
  }
}
