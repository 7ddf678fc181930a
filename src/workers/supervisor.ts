import type { Logger } from "../core/log.ts";
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { availableParallelism } from "node:os";
import type { CostDeltas } from "../core/counters/cost-deltas.ts";
import type { ProxyDeltas } from "../core/counters/proxy-deltas.ts";
import type { PriceOverrides } from "../core/price-overrides.ts";
import type { Settings } from "../config/settings.ts";
import type { LedgerStatus, WorkerStatus } from "../core/counters/status.ts";
import { ConnectionCounts } from "./data/connection-counts.ts";
import { DataWorkerHandle } from "./data/data-worker-handle.ts";
import { LedgerWorkerHandle } from "./ledger/ledger-worker-handle.ts";
import type { PrestartedWorkers } from "./supervision/prestarted-workers.ts";
import type { AccessVersion, ConnectionPart, Readiness, RejectionNote } from "./protocol/messages.ts";

export interface SupervisorOptions {
  readonly prestarted: PrestartedWorkers;
  readonly settings: Settings;
  readonly overrides: PriceOverrides;
  readonly instance: string;
  readonly log: Logger;
  readonly access: AccessVersion;
  readonly readiness: Readiness;
  readonly onDelta: (thread: string, delta: ProxyDeltas) => void;
  readonly onCosts: (costs: CostDeltas) => void;
  readonly onRejected: (rejected: readonly RejectionNote[], unlisted: number) => void;
  /** Something that readiness depends on may have changed. */
  readonly onChange: () => void;
}

/** Starts the workers, restarts those that end, and tells them what changes. */
export class Supervisor {
  readonly port: number;
  readonly #options: SupervisorOptions;
  readonly #ledger: LedgerWorkerHandle;
  readonly #data: readonly DataWorkerHandle[];
  #access: AccessVersion;
  #readiness: Readiness;

  private constructor(options: SupervisorOptions, ledger: LedgerWorkerHandle, port: number) {
    this.port = port;
    this.#options = options;
    this.#ledger = ledger;
    this.#access = options.access;
    this.#readiness = options.readiness;
    const count = dataWorkerCount(options.settings, options.log);
    const connections = ConnectionCounts.allocate(count, randomInt(2 ** 31));
    this.#data = Array.from({ length: count }, (_, index) =>
      this.#startDataWorker(port, { shared: connections, worker: index }),
    );
  }

  /** Resolves when every data worker is listening. Rejects if the port or the stats file is in use. */
  static async start(options: SupervisorOptions): Promise<Supervisor> {
    const port = await claimPort(options.settings);
    const ledger = new LedgerWorkerHandle({
      prestarted: options.prestarted.take("ledger"),
      settings: options.settings,
      overrides: options.overrides,
      instance: options.instance,
      log: options.log,
      onStatus: options.onChange,
      onCosts: options.onCosts,
      // A worker is only replaced after it was open, and `supervisor` is assigned by then.
      onReplaced: () => supervisor.relink(),
    });
    try {
      await ledger.opened;
    } catch (error) {
      await ledger.worker.terminate();
      throw error;
    }
    const supervisor = new Supervisor(options, ledger, port);
    try {
      await Promise.all(supervisor.#data.map((worker) => worker.listening));
    } catch (error) {
      await supervisor.abandon();
      throw error;
    }
    return supervisor;
  }

  get requestsInFlight(): number {
    return this.#data.reduce((sum, worker) => sum + worker.requestsInFlight, 0);
  }

  workers(): readonly WorkerStatus[] {
    const { worker } = this.#ledger;
    const ledger: WorkerStatus = {
      name: worker.name,
      state: worker.state,
      restarts: worker.restarts,
      loopLagMs: { p50: 0, p99: 0, max: 0 },
      accessVersion: 0,
    };
    return [...this.#data.map((worker) => worker.status()), ledger];
  }

  ledger(): LedgerStatus {
    return this.#ledger.status();
  }

  /** Closes the current segment of the ledger. */
  rotateLedger(): Promise<string | undefined> {
    return this.#ledger.rotate();
  }

  setPrices(overrides: PriceOverrides): void {
    this.#ledger.setPrices(overrides);
  }

  setAccess(access: AccessVersion): void {
    this.#access = access;
    for (const worker of this.#data) worker.post({ kind: "access", access });
  }

  setReadiness(readiness: Readiness): void {
    this.#readiness = readiness;
    for (const worker of this.#data) worker.post({ kind: "readiness", readiness });
  }

  relink(): void {
    for (const worker of this.#data) worker.relink();
  }

  /** From now on every response closes its connection. */
  drain(): void {
    for (const worker of this.#data) worker.post({ kind: "drain" });
  }

  /** Accepts no new connections. Resolves when the last request is over. */
  async stop(): Promise<void> {
    for (const worker of this.#data) worker.stop();
    await Promise.all(this.#data.map((worker) => worker.stopped));
    await this.terminateDataWorkers();
  }

  /** Ends the requests that are still running. */
  abortRequests(): void {
    for (const worker of this.#data) worker.post({ kind: "abort" });
  }

  /** For data workers that do not end by themselves. */
  async terminateDataWorkers(): Promise<void> {
    await Promise.all(this.#data.map((worker) => worker.terminate()));
  }

  /** Call this after `stop`. Resolves when the last records are written. */
  async closeLedger(): Promise<void> {
    await this.#ledger.close();
  }

  async abandon(): Promise<void> {
    await this.terminateDataWorkers();
    await this.#ledger.close();
  }

  #startDataWorker(port: number, connections: ConnectionPart): DataWorkerHandle {
    const { settings, log, onDelta, onRejected, onChange } = this.#options;
    const name = `data-${connections.worker + 1}`;
    return new DataWorkerHandle({
      name,
      prestarted: this.#options.prestarted.take(name),
      settings,
      port,
      reusePort: canReusePort(),
      log,
      access: () => this.#access,
      readiness: () => this.#readiness,
      connections,
      link: (thread, counts) => this.#ledger.link(thread, counts),
      onDelta,
      onRejected,
      onTransfer: (delta) => this.#ledger.countTransfer(delta),
      onChange,
    });
  }
}

/** SO_REUSEPORT balances load on Linux and newer BSDs; on other systems one worker has the port. */
function canReusePort(): boolean {
  return process.platform === "linux";
}

function dataWorkerCount(settings: Settings, log: Logger): number {
  const wanted = settings.server.workers === "auto" ? availableParallelism() : settings.server.workers;
  if (wanted > 1 && !canReusePort()) {
    log.info(
      { platform: process.platform },
      "this platform cannot share a port between workers; starting one data worker",
    );
    return 1;
  }
  return wanted;
}

/**
 * Binds the port once without sharing it, so that a second LMGate fails with "address in use", and port 0 becomes the
 * same real port for all workers.
 */
function claimPort(settings: Settings): Promise<number> {
  const { host, port } = settings.server;
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const claimed = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve(claimed));
    });
  });
}
