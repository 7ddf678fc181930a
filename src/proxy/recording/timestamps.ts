const SECOND = 1_000;

/** Moments as records tell them. Calls of one second share all but the last digits, so these are put together only once. */
export class Timestamps {
  #second = NaN;
  #untilSecond = "";

  /** ISO 8601 in UTC, with milliseconds. */
  of(epochMs: number): string {
    const second = Math.floor(epochMs / SECOND);
    if (second !== this.#second) {
      this.#second = second;
      this.#untilSecond = new Date(second * SECOND).toISOString().slice(0, -4);
    }
    return `${this.#untilSecond}${String(epochMs - second * SECOND).padStart(3, "0")}Z`;
  }
}
