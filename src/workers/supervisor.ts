import type { Logger } from "../core/log.ts";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { availableParallelism } from "node:os";
import type { CostDeltas } from "../core/counters/cost-deltas.ts";
import type { ProxyDeltas, RecordDeltas } from "../core/counters/proxy-deltas.ts";
import type { PriceOverrides } from "../core/price-overrides.ts";
import type { Settings } from "../config/settings.ts";
import type { LedgerStatus, WorkerStatus } from "../core/counters/status.ts";
import { ConnectionCounts } from "./data/connection-counts.ts";
import { DataWorkerHandle } from "./data/data-worker-handle.ts";
import { LedgerWorkerHandle } from "./ledger/ledger-worker-handle.ts";
import type { PrestartedWorkers } from "./supervision/prestarted-workers.ts";
import type { ThreadUsage } from "./supervision/worker-judge.ts";
import type { AccessVersion, ConnectionPart, Readiness, RejectionNote } from "./protocol/messages.ts";

export interface SupervisorOptions {
  readonly prestarted: PrestartedWorkers;
  readonly settings: Settings;
  readonly overrides: PriceOverrides;
  readonly instance: string;
  readonly log: Logger;
  /** The CPU time and state of the thread with this name; `undefined` if unknown. */
  readonly threadUsage: (name: string) => ThreadUsage | undefined;
  /** Aborted to stop the start. */
  readonly cancel: AbortSignal;
  readonly access: AccessVersion;
  readonly readiness: Readiness;
  readonly onDelta: (thread: string, delta: ProxyDeltas) => void;
  readonly onCosts: (costs: CostDeltas) => void;
  /** Counts of records that the ledger worker made. */
  readonly onRecorded: (recorded: RecordDeltas) => void;
  /** Another program has renamed or deleted the stats file. */
  readonly onMoved: () => void;
  readonly onRejected: (rejected: readonly RejectionNote[], unlisted: number) => void;
  /** Something that readiness depends on may have changed. */
  readonly onChange: () => void;
}

/** A start that is cancelled waits no longer for a stats file that does not open. */
const CANCEL_MS = 5_000;

/** The process was told to stop before it could serve a request. */
export class StartCancelled extends Error {}

/** Starts the workers, restarts those that end, and tells them what changes. */
export class Supervisor {
  readonly port: number;
  readonly #claimed: ClaimedPort;
  readonly #options: SupervisorOptions;
  readonly #ledger: LedgerWorkerHandle;
  readonly #data: DataWorkerHandle[] = [];
  #isStarting = true;
  #access: AccessVersion;
  #readiness: Readiness;

  private constructor(options: SupervisorOptions, ledger: LedgerWorkerHandle, claimed: ClaimedPort) {
    this.port = claimed.port;
    this.#claimed = claimed;
    this.#options = options;
    this.#ledger = ledger;
    this.#access = options.access;
    this.#readiness = options.readiness;
  }

  /**
   * Resolves when the stats file is open and the port is known; `listen` opens the port. Rejects if one of them is in use, and
   * with `StartCancelled` if `cancel` is aborted before.
   */
  static async open(options: SupervisorOptions): Promise<Supervisor> {
    const claimed = await claimPort(options.settings);
    const ledger = new LedgerWorkerHandle({
      prestarted: options.prestarted.take("ledger"),
      settings: options.settings,
      overrides: options.overrides,
      instance: options.instance,
      log: options.log,
      threadUsage: options.threadUsage,
      onStatus: options.onChange,
      onCosts: options.onCosts,
      onRecorded: options.onRecorded,
      onMoved: options.onMoved,
      // A worker is only replaced after it was open, and `supervisor` is assigned by then.
      onReplaced: () => supervisor.relink(),
    });
    const cancelled = abortOf(options.cancel);
    try {
      await Promise.race([ledger.opened, cancelled.then(() => Promise.reject(new StartCancelled()))]);
    } catch (error) {
      // A worker that is about to open the file then closes it, with its lock.
      if (error instanceof StartCancelled) await Promise.race([ledger.close(), timeout(CANCEL_MS)]);
      await ledger.worker.terminate();
      await claimed.release();
      throw error;
    }
    // Also used by `onReplaced` above.
    const supervisor = new Supervisor(options, ledger, claimed);
    return supervisor;
  }

  /** Resolves when every data worker is listening. If `cancel` is aborted, it resolves with those that are. */
  async listen(): Promise<void> {
    await Promise.race([this.#startDataWorkers(), abortOf(this.#options.cancel)]);
    this.#isStarting = false;
  }

  get requestsInFlight(): number {
    return this.#data.reduce((sum, worker) => sum + worker.requestsInFlight, 0);
  }

  workers(): readonly WorkerStatus[] {
    const { worker } = this.#ledger;
    const ledger: WorkerStatus = {
      name: worker.name,
      state: worker.state,
      isStarved: worker.health === "starved",
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
    this.#isStarting = false;
    await this.#claimed.release();
    await this.terminateDataWorkers();
    await this.#ledger.close();
  }

  /**
   * Starts as many at the same time as there are CPUs, because workers that compete for one delay each other. None listens
   * before all are loaded: connections that come at once must not take the file descriptors that loading needs.
   */
  async #startDataWorkers(): Promise<void> {
    const count = dataWorkerCount(this.#options.settings, this.#options.log);
    const shared = ConnectionCounts.allocate(count, randomInt(2 ** 31));
    const startNext = async (): Promise<void> => {
      while (this.#isStarting && this.#data.length < count) {
        const worker = this.#startDataWorker(this.port, { shared, worker: this.#data.length });
        this.#data.push(worker);
        await worker.loaded;
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, startNext));
    if (!this.#isStarting) return;
    await this.#claimed.release();
    for (const worker of this.#data) worker.listen();
    await Promise.all(this.#data.map((worker) => worker.listening));
  }

  #startDataWorker(port: number, connections: ConnectionPart): DataWorkerHandle {
    const { settings, log, threadUsage, onDelta, onRejected, onChange } = this.#options;
    const name = `data-${connections.worker + 1}`;
    return new DataWorkerHandle({
      name,
      prestarted: this.#options.prestarted.take(name),
      settings,
      port,
      reusePort: canReusePort(),
      log,
      threadUsage,
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

function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function timeout(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds).unref());
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

interface ClaimedPort {
  readonly port: number;
  /** Frees the port for the workers. */
  release(): Promise<void>;
}

/**
 * Binds the port once without sharing it, so that a second LMGate fails with "address in use", and port 0 becomes the
 * same real port for all workers. A port that the system chose stays bound until the workers listen, because the system
 * could give it to another program; no client knows it yet.
 */
async function claimPort(settings: Settings): Promise<ClaimedPort> {
  const { host, port } = settings.server;
  const server = createServer((socket) => socket.destroy());
  server.listen({ host, port, exclusive: true });
  await once(server, "listening");
  const address = server.address();
  const release = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    await once(server, "close");
  };
  if (port !== 0) await release();
  server.unref();
  return { port: typeof address === "object" && address !== null ? address.port : port, release };
}
