import type { Counter } from "prom-client";

/** Derives a counter from totals that another part keeps. They may restart at zero; the counter never decreases. */
export class MonotonicCounter {
  readonly #counter: Counter;
  readonly #last = new Map<string, number>();

  constructor(counter: Counter) {
    this.#counter = counter;
  }

  /** `labels` must always have their keys in the same order. */
  follow(total: number, labels: Readonly<Record<string, string>> = {}): void {
    const series = JSON.stringify(labels);
    const last = this.#last.get(series) ?? 0;
    this.#counter.inc(labels, total >= last ? total - last : total);
    this.#last.set(series, total);
  }
}
