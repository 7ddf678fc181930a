// The metrics for Prometheus. The main thread receives deltas from the data workers and the status of the other parts and
// adds them up here, so no scrape waits for a worker. Labels are bounded: providers by the configuration, workers by the
// number of cores, owners and models by a cap, everything else by closed sets.
import { Gauge, Registry, collectDefaultMetrics } from "prom-client";
import type { CostDeltas } from "../../core/counters/cost-deltas.ts";
import type { ProxyDeltas, RecordDeltas } from "../../core/counters/proxy-deltas.ts";
import type { AllowlistStatus, LedgerStatus, WorkerStatus } from "../../core/counters/status.ts";
import { redactedMetrics } from "./redacted-metrics.ts";
import { RequestMetrics } from "./request-metrics.ts";
import { ConnectionMetrics } from "./connection-metrics.ts";
import { AllowlistMetrics, LedgerMetrics, WorkerMetrics } from "./state-metrics.ts";

const PERSONAL_LABELS: ReadonlySet<string> = new Set(["owner", "model"]);

export interface BuildInfo {
  readonly version: string;
  readonly node: string;
  /** Names of the configured providers, the only values of the label `provider`. */
  readonly providers: readonly string[];
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: RequestMetrics;
  readonly #connections: ConnectionMetrics;
  readonly #ledger: LedgerMetrics;
  readonly #allowlist: AllowlistMetrics;
  readonly #workers: WorkerMetrics;

  constructor(build: BuildInfo) {
    new Gauge({
      name: "lmgate_build_info",
      help: "Always 1; the labels give the running versions.",
      labelNames: ["version", "node"],
      registers: [this.#registry],
    }).set({ version: build.version, node: build.node }, 1);
    this.#requests = new RequestMetrics(this.#registry, build.providers);
    this.#connections = new ConnectionMetrics(this.#registry);
    this.#ledger = new LedgerMetrics(this.#registry);
    this.#allowlist = new AllowlistMetrics(this.#registry);
    this.#workers = new WorkerMetrics(this.#registry);
    // process_* describe the whole process, nodejs_* only the thread that collects them: the main thread.
    collectDefaultMetrics({ register: this.#registry });
  }

  /** The `Content-Type` of `text()`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  add(worker: string, delta: ProxyDeltas): void {
    this.#requests.add(worker, delta);
    this.#connections.add(worker, delta);
    this.#workers.setLag(worker, delta.loopLagMs);
  }

  addRecorded(deltas: RecordDeltas): void {
    this.#requests.addRecorded(deltas);
  }

  addCosts(deltas: CostDeltas): void {
    this.#requests.addCosts(deltas);
  }

  ledger(status: LedgerStatus): void {
    this.#ledger.set(status);
  }

  allowlist(status: AllowlistStatus): void {
    this.#allowlist.set(status);
  }

  threads(status: readonly WorkerStatus[]): void {
    this.#workers.set(status);
    for (const { name, state } of status) {
      if (state === "running") continue;
      this.#requests.forget(name);
      this.#connections.forget(name);
    }
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** For clients without the token: no owners and no models. */
  redactedMetrics(): Promise<string> {
    return redactedMetrics(this.#registry, PERSONAL_LABELS);
  }
}
