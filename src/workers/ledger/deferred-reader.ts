import { NUMBERS, SEPARATOR } from "../../core/request/deferred-record.ts";
import type { RequestRecord } from "../../core/request/request-record.ts";
import { toDeferredRecord } from "../../proxy/recording/deferred-request.ts";
import type { RecordCaches } from "../../proxy/recording/finished-request.ts";
import type { DeferredBatch } from "../protocol/messages.ts";

/** One record has its place and its numbers. */
const STEP = 1 + NUMBERS;
const NONE: DeferredBatch = { numbers: new Float64Array(0), text: "" };

/** Makes the deferred records of one batch, in their order. */
export class DeferredReader {
  readonly length: number;
  /** The size of all of them, as the data worker counted it. */
  readonly characters: number;
  readonly #numbers: Float64Array;
  readonly #texts: readonly string[];
  readonly #caches: RecordCaches;
  #read = 0;

  constructor(batch: DeferredBatch | undefined, caches: RecordCaches) {
    const { numbers, text } = batch ?? NONE;
    this.length = numbers.length / STEP;
    this.characters = text.length - Math.max(0, this.length - 1);
    this.#numbers = numbers;
    this.#texts = batch === undefined ? [] : text.split(SEPARATOR);
    this.#caches = caches;
  }

  /** The record at this place of the batch; `undefined` if the record there is not a deferred one. */
  recordAt(place: number): RequestRecord | undefined {
    const read = this.#read;
    if (this.#numbers[read * STEP] !== place) return undefined;
    this.#read++;
    return toDeferredRecord(this.#numbers, this.#texts, read, this.#caches);
  }
}
