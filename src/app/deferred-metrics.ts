import type { BuildFacts, Metrics } from "../admin/metrics/metrics.ts";

/** Metrics whose code is loaded when calls are served already; what happens until then waits for it. */
export class DeferredMetrics {
  #metrics: Metrics | undefined;
  #waiting: ((metrics: Metrics) => void)[] = [];

  tell(news: (metrics: Metrics) => void): void {
    if (this.#metrics === undefined) this.#waiting.push(news);
    else news(this.#metrics);
  }

  async load(facts: BuildFacts): Promise<Metrics> {
    const loaded = await import("../admin/metrics/metrics.ts");
    const metrics = new loaded.Metrics(facts);
    this.#metrics = metrics;
    for (const news of this.#waiting.splice(0)) news(metrics);
    return metrics;
  }
}
