/**
 * Bounds the values of a label. Every new value is a new time series in Prometheus, so values from outside are accepted up
 * to a limit and become `other` beyond it.
 */
export class BoundedLabel {
  readonly #known: Set<string>;
  readonly #limit: number;

  constructor(known: readonly string[], limit: number = known.length) {
    this.#known = new Set(known);
    this.#limit = limit;
  }

  /** Accepts a new value only if it is `genuine`: values that clients invent would soon use up the limit. */
  of(value: string, genuine: boolean = true): string {
    if (this.#known.has(value)) return value;
    if (!genuine || this.#known.size >= this.#limit) return "other";
    this.#known.add(value);
    return value;
  }
}
