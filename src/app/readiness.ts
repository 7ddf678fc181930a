import type { AllowlistStatus, LedgerStatus, ProxyStatus, WorkerStatus } from "../core/counters/status.ts";
import type { Readiness } from "../workers/protocol/messages.ts";
import type { DeferredMetrics } from "./deferred-metrics.ts";

export interface HealthStatus {
  readonly state: ProxyStatus["state"];
  readonly allowlist: AllowlistStatus;
  readonly ledger: LedgerStatus;
  readonly workers: readonly WorkerStatus[];
}

/** Keeps `/metrics` and the workers' `/readyz` up to date with the status of the process. */
export class ReadinessPublisher {
  readonly #metrics: DeferredMetrics;
  #lastBody = "";

  constructor(metrics: DeferredMetrics) {
    this.#metrics = metrics;
  }

  publish(status: HealthStatus, setReadiness: (readiness: Readiness) => void): void {
    this.#metrics.update((metrics) => {
      metrics.allowlist(status.allowlist);
      metrics.ledger(status.ledger);
      metrics.threads(status.workers);
    });
    const readiness = readinessOf(status);
    if (readiness.body === this.#lastBody) return;
    this.#lastBody = readiness.body;
    setReadiness(readiness);
  }
}

/**
 * The response of `/readyz`. Every client may read it, so it contains states and counts but no paths and no messages.
 * Degraded is still ready: a full disk must not take the gateway out of service.
 */
function readinessOf({ state, allowlist, ledger, workers }: HealthStatus): Readiness {
  const data = workers.filter(({ name }) => name.startsWith("data-"));
  const running = data.filter(({ state, isStarved }) => state === "running" && !isStarved).length;
  const stale = allowlist.error !== undefined;
  const degraded = stale || ledger.degraded || running < data.length;
  const status = state !== "serving" ? state : degraded ? "degraded" : "ok";
  const body = JSON.stringify({
    status,
    allowlist: { state: stale ? "stale" : "ok", keys: allowlist.keys, version: allowlist.version },
    ledger: { state: ledger.degraded ? "degraded" : "ok", dropped: ledger.dropped },
    threads: { running, configured: data.length },
  });
  return { status: state === "serving" ? 200 : 503, body };
}
