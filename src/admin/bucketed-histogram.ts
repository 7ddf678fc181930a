import type { Histogram, Registry } from "prom-client";
import type { BucketCounts } from "../core/gate-delta.ts";

interface Series {
  readonly counts: number[];
  sumSeconds: number;
}

/**
 * A Prometheus histogram filled with whole buckets at a time. prom-client's own takes one observation after the other,
 * which would mean a message or an array element for each call; the data threads send counts instead.
 */
export class BucketedHistogram {
  readonly type = "histogram";
  readonly name: string;
  readonly help: string;
  readonly #label: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(description: { name: string; help: string; label: string; bounds: readonly number[] }) {
    this.name = description.name;
    this.help = description.help;
    this.#label = description.label;
    this.#bounds = description.bounds;
  }

  /** A registry asks a metric for its name and its values, and for nothing else. */
  register(registry: Registry): void {
    registry.registerMetric(this as unknown as Histogram); // the declared type wants a class of the library
  }

  add(labelValue: string, buckets: BucketCounts): void {
    const series = this.#at(labelValue);
    for (const [index, count] of buckets.counts.entries()) series.counts[index] = (series.counts[index] ?? 0) + count;
    series.sumSeconds += buckets.sumSeconds;
  }

  /** Called by the registry; the shape is that of the library's own metrics. */
  get(): Promise<object> {
    const values = [...this.#series].flatMap(([value, series]) => this.#lines(value, series));
    return Promise.resolve({ name: this.name, help: this.help, type: this.type, values });
  }

  #at(labelValue: string): Series {
    const known = this.#series.get(labelValue);
    if (known) return known;
    const series = { counts: new Array<number>(this.#bounds.length + 1).fill(0), sumSeconds: 0 };
    this.#series.set(labelValue, series);
    return series;
  }

  #lines(labelValue: string, series: Series): object[] {
    const labels = { [this.#label]: labelValue };
    const lines: object[] = [];
    let total = 0;
    for (const [index, count] of series.counts.entries()) {
      total += count;
      const le = this.#bounds[index] ?? "+Inf";
      lines.push({ metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: total });
    }
    lines.push({ metricName: `${this.name}_sum`, labels, value: series.sumSeconds });
    lines.push({ metricName: `${this.name}_count`, labels, value: total });
    return lines;
  }
}
