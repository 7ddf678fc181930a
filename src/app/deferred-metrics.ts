import type { BuildInfo, Metrics } from "../admin/metrics/prometheus-metrics.ts";

/** Metrics whose code is loaded after the first requests can be served. Updates until then are queued. */
export class DeferredMetrics {
  #metrics: Metrics | undefined;
  #queued: ((metrics: Metrics) => void)[] = [];

  update(apply: (metrics: Metrics) => void): void {
    if (this.#metrics === undefined) this.#queued.push(apply);
    else apply(this.#metrics);
  }

  async load(build: BuildInfo): Promise<Metrics> {
    const loaded = await import("../admin/metrics/prometheus-metrics.ts");
    const metrics = new loaded.Metrics(build);
    this.#metrics = metrics;
    for (const apply of this.#queued.splice(0)) apply(metrics);
    return metrics;
  }
}
