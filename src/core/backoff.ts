/** After a run of this length an end has a new cause, so the delay starts again from the first one. */
const STABLE_MS = 60_000;

/** The delay before each restart of a worker or process: twice the one before, up to a maximum. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #nextMs: number;

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#nextMs = firstMs;
  }

  /** The delay before the next restart; `ranMs` is how long the last run was. */
  next(ranMs: number): number {
    if (ranMs > STABLE_MS) this.#nextMs = this.#firstMs;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(this.#maxMs, delayMs * 2);
    return delayMs;
  }
}
