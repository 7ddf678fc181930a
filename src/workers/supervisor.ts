import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { availableParallelism } from "node:os";
import type { CostDeltas } from "../core/counters/cost-deltas.ts";
import type { ProxyDeltas } from "../core/counters/proxy-deltas.ts";
import type { PriceOverrides } from "../core/price-overrides.ts";
import type { Settings } from "../core/settings.ts";
import type { LedgerStatus, WorkerStatus } from "../core/counters/status.ts";
import { ConnectionCounts } from "./data/connection-counts.ts";
import { DataWorkerHandle } from "./data/data-worker-handle.ts";
import { LedgerWorkerHandle } from "./ledger/ledger-worker-handle.ts";
import type { Logger } from "../core/log.ts";
import type { PrestartedWorkers } from "./prestarted-workers.ts";
import type { AccessVersion, ConnectionPart, Readiness, RejectionNote } from "./protocol.ts";

export interface SupervisorOptions {
  readonly spares: PrestartedWorkers;
  readonly settings: Settings;
  readonly overrides: PriceOverrides;
  readonly instance: string;
  readonly log: Logger;
  readonly access: AccessVersion;
  readonly readiness: Readiness;
  readonly onDelta: (thread: string, delta: ProxyDeltas) => void;
  readonly onCosts: (deltas: CostDeltas) => void;
  readonly onRefused: (refused: readonly RejectionNote[], unlisted: number) => void;
  /** Something that readiness depends on may have changed. */
  readonly onChange: () => void;
}

/** Starts the threads, keeps them alive, and hands on to them what changes. */
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
    const count = dataThreads(options.settings, options.log);
    const connections = ConnectionCounts.allocate(count, randomInt(2 ** 31));
    this.#data = Array.from({ length: count }, (_, index) => this.#host(port, { shared: connections, thread: index }));
  }

  /** Resolves when every data thread listens. Throws when the port is taken or the ledger is somebody else's. */
  static async start(options: SupervisorOptions): Promise<Supervisor> {
    const port = await claimPort(options.settings);
    const ledger = new LedgerWorkerHandle({
      spare: options.spares.take("ledger"),
      settings: options.settings,
      overrides: options.overrides,
      instance: options.instance,
      log: options.log,
      onStatus: options.onChange,
      onCosts: options.onCosts,
      // It can only be replaced once it was open, and then the supervisor is there.
      onReplaced: () => supervisor.relink(),
    });
    try {
      await ledger.opened;
    } catch (error) {
      await ledger.thread.terminate();
      throw error;
    }
    const supervisor = new Supervisor(options, ledger, port);
    try {
      await Promise.all(supervisor.#data.map((host) => host.listening));
    } catch (error) {
      await supervisor.abandon();
      throw error;
    }
    return supervisor;
  }

  get callsInFlight(): number {
    return this.#data.reduce((sum, host) => sum + host.callsInFlight, 0);
  }

  threads(): readonly WorkerStatus[] {
    const { thread } = this.#ledger;
    const ledger: WorkerStatus = {
      name: thread.name,
      state: thread.state,
      restarts: thread.restarts,
      loopLagMs: { p50: 0, p99: 0, max: 0 },
      accessVersion: 0,
    };
    return [...this.#data.map((host) => host.status()), ledger];
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
    for (const host of this.#data) host.post({ kind: "access", access });
  }

  setReadiness(readiness: Readiness): void {
    this.#readiness = readiness;
    for (const host of this.#data) host.post({ kind: "readiness", readiness });
  }

  relink(): void {
    for (const host of this.#data) host.relink();
  }

  /** Every answer closes its connection from now on. */
  drain(): void {
    for (const host of this.#data) host.post({ kind: "drain" });
  }

  /** No new connections; resolves when the last call is over. */
  async stop(): Promise<void> {
    for (const host of this.#data) host.stop();
    await Promise.all(this.#data.map((host) => host.stopped));
    await this.terminateData();
  }

  /** Ends the calls that still run. */
  destroyCalls(): void {
    for (const host of this.#data) host.post({ kind: "destroy" });
  }

  /** Data threads that do not end by themselves. */
  async terminateData(): Promise<void> {
    await Promise.all(this.#data.map((host) => host.terminate()));
  }

  /** After `stop`: the last records to disk. */
  async closeLedger(): Promise<void> {
    await this.#ledger.close();
  }

  async abandon(): Promise<void> {
    await this.terminateData();
    await this.#ledger.close();
  }

  #host(port: number, connections: ConnectionPart): DataWorkerHandle {
    const { settings, log, onDelta, onRefused, onChange } = this.#options;
    const name = `data-${connections.thread + 1}`;
    return new DataWorkerHandle({
      name,
      spare: this.#options.spares.take(name),
      settings,
      port,
      reusePort: canReusePort(),
      log,
      access: () => this.#access,
      readiness: () => this.#readiness,
      connections,
      link: (thread, counts) => this.#ledger.link(thread, counts),
      onDelta,
      onRefused,
      onHandover: (handover) => this.#ledger.countHandover(handover),
      onChange,
    });
  }
}

/** SO_REUSEPORT with load balancing exists on Linux and the newer BSDs; elsewhere one thread has the port. */
function canReusePort(): boolean {
  return process.platform === "linux";
}

function dataThreads(settings: Settings, log: Logger): number {
  const wanted = settings.server.workers === "auto" ? availableParallelism() : settings.server.workers;
  if (wanted > 1 && !canReusePort()) {
    log.info({ platform: process.platform }, "ports cannot be shared between threads here: one data thread");
    return 1;
  }
  return wanted;
}

/**
 * Binds the port once without sharing it, so that a second instance hears "address in use" and port 0 becomes one
 * real port for all threads.
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
