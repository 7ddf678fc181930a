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

  /** A new value is let in only if it is `genuine`: what anyone can make up would soon fill the limit. */
  of(value: string, genuine: boolean = true): string {
    if (this.#known.has(value)) return value;
    if (!genuine || this.#known.size >= this.#limit) return "other";
    this.#known.add(value);
    return value;
  }
}
