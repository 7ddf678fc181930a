// What Prometheus reads. The main thread is told what happened (deltas of the data threads, status of the others) and
// adds it up here; no scrape waits for another thread. Labels are bounded: providers by the configuration, threads by
// the number of cores, owners and models by a cap, everything else by closed sets.
import { Gauge, Registry, collectDefaultMetrics } from "prom-client";
import type { CostDeltas } from "../../core/counters/cost-deltas.ts";
import type { ProxyDeltas } from "../../core/counters/proxy-deltas.ts";
import type { AllowlistStatus, LedgerStatus, WorkerStatus } from "../../core/counters/status.ts";
import { redactedMetrics } from "./redacted-metrics.ts";
import { RequestMetrics } from "./request-metrics.ts";
import { ConnectionMetrics } from "./connection-metrics.ts";
import { AllowlistMetrics, LedgerMetrics, WorkerMetrics } from "./state-metrics.ts";

const PERSONAL_LABELS: ReadonlySet<string> = new Set(["owner", "model"]);

export interface BuildInfo {
  readonly version: string;
  readonly node: string;
  /** Names of the configured providers: the only values that label may have. */
  readonly providers: readonly string[];
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #calls: RequestMetrics;
  readonly #connections: ConnectionMetrics;
  readonly #ledger: LedgerMetrics;
  readonly #allowlist: AllowlistMetrics;
  readonly #threads: WorkerMetrics;

  constructor(facts: BuildInfo) {
    new Gauge({
      name: "lmgate_build_info",
      help: "Always 1; the labels say what runs.",
      labelNames: ["version", "node"],
      registers: [this.#registry],
    }).set({ version: facts.version, node: facts.node }, 1);
    this.#calls = new RequestMetrics(this.#registry, facts.providers);
    this.#connections = new ConnectionMetrics(this.#registry);
    this.#ledger = new LedgerMetrics(this.#registry);
    this.#allowlist = new AllowlistMetrics(this.#registry);
    this.#threads = new WorkerMetrics(this.#registry);
    // process_* are the whole process; nodejs_* know only the thread they run in, which is this one.
    collectDefaultMetrics({ register: this.#registry });
  }

  /** The name and version of the text's format, for the header of the answer. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  add(thread: string, delta: ProxyDeltas): void {
    this.#calls.add(thread, delta);
    this.#connections.add(thread, delta);
    this.#threads.setLag(thread, delta.loopLagMs);
  }

  addCosts(deltas: CostDeltas): void {
    this.#calls.addCosts(deltas);
  }

  ledger(status: LedgerStatus): void {
    this.#ledger.set(status);
  }

  allowlist(status: AllowlistStatus): void {
    this.#allowlist.set(status);
  }

  threads(status: readonly WorkerStatus[]): void {
    this.#threads.set(status);
    for (const { name, state } of status) {
      if (state === "running") continue;
      this.#calls.forget(name);
      this.#connections.forget(name);
    }
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** For readers without the token: no word that says who calls, or with which model. */
  redactedMetrics(): Promise<string> {
    return redactedMetrics(this.#registry, PERSONAL_LABELS);
  }
}
