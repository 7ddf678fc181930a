import type { Counter } from "prom-client";

/** Follows totals that someone else keeps and may begin again at zero, so that the counter made of them never falls. */
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
