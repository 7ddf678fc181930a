/**
 * Keeps the values of a label few. Every new value is a new time series for whoever scrapes, so words that come from
 * outside are let in up to a limit and are `other` from there on.
 */
export class BoundedLabel {
  readonly #known: Set<string>;
  readonly #limit: number;

  constructor(known: readonly string[], limit: number = known.length) {
    this.#known = new Set(known);
    this.#limit = limit;
  }

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#limit) return "other";
    this.#known.add(value);
    return value;
  }
}
