// The state of ledger, allow-list and workers, as each last reported it.
import { Counter, Gauge, type Registry } from "prom-client";
import type { AllowlistStatus, LedgerStatus, WorkerStatus } from "../../core/counters/status.ts";
import { MonotonicCounter } from "./monotonic-counter.ts";

export class LedgerMetrics {
  readonly #written: MonotonicCounter;
  readonly #dropped: MonotonicCounter;
  readonly #interrupted: MonotonicCounter;
  readonly #unconfirmed: MonotonicCounter;
  readonly #rotations: MonotonicCounter;
  readonly #queued: Gauge;
  readonly #degraded: Gauge;
  readonly #lastWrite: Gauge;

  constructor(registry: Registry) {
    this.#written = total(registry, "lmgate_stats_records_total", "Records written to the stats file.");
    this.#dropped = total(registry, "lmgate_stats_dropped_total", "Records lost because they could not be written.");
    this.#interrupted = total(
      registry,
      "lmgate_stats_interrupted_total",
      "Records of requests that were interrupted when their worker or the previous process ended.",
    );
    this.#unconfirmed = total(
      registry,
      "lmgate_stats_unconfirmed_total",
      "With stats.durability set to written: responses sent before their records were confirmed.",
    );
    this.#rotations = total(registry, "lmgate_stats_rotations_total", "Number of rotations of the stats file.");
    this.#queued = gauge(registry, "lmgate_stats_queue_depth", "Records waiting to be written.");
    this.#degraded = gauge(registry, "lmgate_stats_degraded", "1 while the stats file cannot be written.");
    this.#lastWrite = gauge(
      registry,
      "lmgate_stats_last_write_timestamp_seconds",
      "Time of the last write to the stats file; 0 if none.",
    );
  }

  set(status: LedgerStatus): void {
    this.#written.follow(status.written);
    this.#dropped.follow(status.dropped);
    this.#interrupted.follow(status.interrupted);
    this.#unconfirmed.follow(status.unconfirmed);
    this.#rotations.follow(status.rotations);
    this.#queued.set(status.queued);
    this.#degraded.set(status.degraded ? 1 : 0);
    this.#lastWrite.set(epochSeconds(status.lastWriteAt));
  }
}

export class AllowlistMetrics {
  readonly #successful: Gauge;
  readonly #loadedAt: Gauge;
  readonly #keys: Gauge;
  readonly #errors: MonotonicCounter;

  constructor(registry: Registry) {
    this.#successful = gauge(
      registry,
      "lmgate_config_last_reload_successful",
      "1 if the allow-list in force is the one in the file, 0 if its last change was rejected.",
    );
    this.#loadedAt = gauge(
      registry,
      "lmgate_config_last_reload_success_timestamp_seconds",
      "Time at which the allow-list in force was read.",
    );
    this.#keys = gauge(registry, "lmgate_allowlist_keys", "Keys on the allow-list in force.");
    this.#errors = total(registry, "lmgate_allowlist_reload_errors_total", "Rejected changes to the allow-list.");
  }

  set(status: AllowlistStatus): void {
    this.#successful.set(status.error === undefined ? 1 : 0);
    this.#loadedAt.set(epochSeconds(status.loadedAt));
    this.#keys.set(status.keys);
    this.#errors.follow(status.reloadErrors);
  }
}

export class WorkerMetrics {
  readonly #restarts: MonotonicCounter;
  readonly #up: Gauge<"thread">;
  readonly #lag: Readonly<Record<keyof WorkerStatus["loopLagMs"], Gauge<"thread">>>;

  constructor(registry: Registry) {
    const perWorker = (name: string, help: string): Gauge<"thread"> =>
      new Gauge({ name, help, labelNames: ["thread"], registers: [registry] });
    this.#restarts = new MonotonicCounter(
      new Counter({
        name: "lmgate_thread_restarts_total",
        help: "Number of worker restarts.",
        labelNames: ["thread"],
        registers: [registry],
      }),
    );
    this.#up = perWorker("lmgate_thread_up", "1 while a worker runs.");
    this.#lag = {
      p50: perWorker("lmgate_eventloop_lag_p50_seconds", "Median delay of a worker's event loop."),
      p99: perWorker("lmgate_eventloop_lag_p99_seconds", "99th percentile of the delay of a worker's event loop."),
      max: perWorker("lmgate_eventloop_lag_max_seconds", "Longest recent delay of a worker's event loop."),
    };
  }

  set(workers: readonly WorkerStatus[]): void {
    this.#up.reset();
    for (const worker of workers) {
      this.#restarts.follow(worker.restarts, { thread: worker.name });
      this.#up.set({ thread: worker.name }, worker.state === "running" ? 1 : 0);
      this.setLag(worker.name, worker.loopLagMs);
    }
  }

  setLag(worker: string, lagMs: WorkerStatus["loopLagMs"]): void {
    for (const part of ["p50", "p99", "max"] as const) this.#lag[part].set({ thread: worker }, lagMs[part] / 1000);
  }
}

function gauge(registry: Registry, name: string, help: string): Gauge {
  return new Gauge({ name, help, registers: [registry] });
}

function total(registry: Registry, name: string, help: string): MonotonicCounter {
  return new MonotonicCounter(new Counter({ name, help, registers: [registry] }));
}

function epochSeconds(isoTime: string | undefined): number {
  return isoTime === undefined ? 0 : Date.parse(isoTime) / 1000;
}
