import type { Histogram, Registry } from "prom-client";
import type { BucketCounts } from "../../core/counters/proxy-deltas.ts";

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly counts: number[];
  sum: number;
}

/**
 * A Prometheus histogram to which whole buckets are added. prom-client's own takes single observations, which would need a
 * message or an array element for each request; the data workers send counts instead.
 */
export class BucketedHistogram {
  readonly type = "histogram";
  readonly name: string;
  readonly help: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(description: { name: string; help: string; bounds: readonly number[] }) {
    this.name = description.name;
    this.help = description.help;
    this.#bounds = description.bounds;
  }

  /** A registry uses only the name and the values of a metric. */
  register(registry: Registry): void {
    registry.registerMetric(this as unknown as Histogram); // as: the declared type is a class of prom-client
  }

  /** `labels` must always have their keys in the same order. */
  add(labels: Readonly<Record<string, string>>, buckets: BucketCounts): void {
    const series = this.#at(labels);
    for (const [index, count] of buckets.counts.entries()) series.counts[index] = (series.counts[index] ?? 0) + count;
    series.sum += buckets.sum;
  }

  /** Called by the registry. The shape is that of prom-client's own metrics. */
  get(): Promise<object> {
    const values = [...this.#series.values()].flatMap((series) => this.#lines(series));
    return Promise.resolve({ name: this.name, help: this.help, type: this.type, values });
  }

  #at(labels: Readonly<Record<string, string>>): Series {
    const name = JSON.stringify(labels);
    const known = this.#series.get(name);
    if (known) return known;
    const series = { labels, counts: new Array<number>(this.#bounds.length + 1).fill(0), sum: 0 };
    this.#series.set(name, series);
    return series;
  }

  #lines({ labels, counts, sum }: Series): object[] {
    const lines: object[] = [];
    let total = 0;
    for (const [index, count] of counts.entries()) {
      total += count;
      const le = this.#bounds[index] ?? "+Inf";
      lines.push({ metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: total });
    }
    lines.push({ metricName: `${this.name}_sum`, labels, value: sum });
    lines.push({ metricName: `${this.name}_count`, labels, value: total });
    return lines;
  }
}
