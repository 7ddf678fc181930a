import type { Logger } from "../../core/log.ts";
import type { Worker } from "node:worker_threads";
import type { ProxyDeltas } from "../../core/counters/proxy-deltas.ts";
import type { Settings } from "../../config/settings.ts";
import type { WorkerStatus } from "../../core/counters/status.ts";
import { ConnectionCounts } from "./connection-counts.ts";
import { TransferCounters } from "../protocol/transfer-counters.ts";
import { SupervisedWorker } from "../supervision/supervised-worker.ts";
import type { ThreadUsage } from "../supervision/worker-judge.ts";
import type {
  AccessVersion,
  ConnectionPart,
  DataWorkerInit,
  FromDataWorker,
  TransferDelta,
  LedgerLink,
  Readiness,
  RejectionNote,
  ToDataWorker,
} from "../protocol/messages.ts";

export interface DataWorkerHandleOptions {
  readonly prestarted?: Worker | undefined;
  readonly name: string;
  readonly settings: Settings;
  readonly port: number;
  readonly reusePort: boolean;
  readonly log: Logger;
  readonly threadUsage: (name: string) => ThreadUsage | undefined;
  readonly access: () => AccessVersion;
  readonly readiness: () => Readiness;
  readonly connections: ConnectionPart;
  /** Makes a new link to the ledger for the data worker with these `TransferCounters`. */
  readonly link: (thread: string, counts: SharedArrayBuffer) => LedgerLink;
  readonly onDelta: (thread: string, delta: ProxyDeltas) => void;
  readonly onRejected: (rejected: readonly RejectionNote[], unlisted: number) => void;
  readonly onTransfer: (delta: TransferDelta) => void;
  /** The worker started or ended, or has applied another version of the allow-list. */
  readonly onChange: () => void;
}

const NO_CAPS = { total: undefined, perAddress: undefined };
const NO_LAG = { p50: 0, p99: 0, max: 0 };

/** The main thread's side of one data worker. */
export class DataWorkerHandle {
  /** Its code is loaded, and it waits for `listen`. */
  readonly loaded: Promise<void>;
  readonly listening: Promise<void>;
  readonly stopped: Promise<void>;
  readonly #options: DataWorkerHandleOptions;
  readonly #worker: SupervisedWorker<ToDataWorker, FromDataWorker>;
  readonly #loaded = Promise.withResolvers<void>();
  readonly #listening = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #mayListen = false;
  #stopping = false;
  #accessVersion = 0;
  #lag: WorkerStatus["loopLagMs"] = NO_LAG;
  #requestsInFlight = 0;
  #connections = 0;
  /** The counters of the running worker. The next one starts with new ones. */
  #counts = TransferCounters.allocate();

  constructor(options: DataWorkerHandleOptions) {
    this.#options = options;
    this.loaded = this.#loaded.promise;
    this.listening = this.#listening.promise;
    this.stopped = this.#stopped.promise;
    this.#worker = new SupervisedWorker<ToDataWorker, FromDataWorker>({
      name: options.name,
      entry: "data/data-worker",
      prestarted: options.prestarted,
      log: options.log,
      whenUnresponsive: "restart",
      threadUsage: options.threadUsage,
      init: (heartbeat) => {
        this.#counts = TransferCounters.allocate();
        const ledger = options.link(options.name, this.#counts);
        const access = options.access();
        this.#accessVersion = access.version;
        const { name, settings, port, reusePort, connections } = options;
        // The connections of the previous worker were closed when it ended.
        new ConnectionCounts(connections.shared, connections.worker, NO_CAPS).clear();
        const readiness = options.readiness();
        const data: DataWorkerInit = {
          kind: "data",
          name,
          settings,
          port,
          reusePort,
          access,
          readiness,
          ledger,
          heartbeat,
          connections,
        };
        return { data, transfer: [ledger.port] };
      },
      onMessage: (message) => this.#receive(message),
      onExit: () => this.#exited(),
      onHealthChange: options.onChange,
    });
  }

  get requestsInFlight(): number {
    return this.#requestsInFlight;
  }

  status(): WorkerStatus {
    return {
      name: this.#worker.name,
      state: this.#worker.state,
      isStarved: this.#worker.health === "starved",
      restarts: this.#worker.restarts,
      loopLagMs: this.#lag,
      accessVersion: this.#accessVersion,
    };
  }

  post(message: ToDataWorker): void {
    this.#worker.post(message);
  }

  /** Opens the port now, and at once after each restart. Call it when the worker is loaded. */
  listen(): void {
    this.#mayListen = true;
    this.#worker.post({ kind: "listen" });
  }

  relink(): void {
    const link = this.#options.link(this.#options.name, this.#counts);
    this.#worker.post({ kind: "ledger", link }, [link.port]);
  }

  /** Accepts no new connections. `stopped` resolves when the last request is over. */
  stop(): void {
    this.#stopping = true;
    this.#worker.retire();
    if (this.#worker.state === "running") this.#worker.post({ kind: "stop" });
    else this.#stopped.resolve();
  }

  terminate(): Promise<void> {
    return this.#worker.terminate();
  }

  #receive(message: FromDataWorker): void {
    switch (message.kind) {
      case "loaded":
        this.#loaded.resolve();
        if (this.#mayListen) this.#worker.post({ kind: "listen" });
        break;
      case "listening":
        this.#worker.state = "running";
        this.#listening.resolve();
        this.#options.onChange();
        break;
      case "listen-failed":
        this.#listening.reject(Object.assign(new Error(message.message), { code: message.code }));
        // On a restart, end the worker so that the supervisor tries again with back-off.
        if (this.#worker.restarts > 0) this.#worker.end();
        break;
      case "access-applied":
        this.#accessVersion = message.version;
        this.#options.onChange();
        break;
      case "delta":
        this.#delta(message);
        break;
      case "rejected":
        this.#options.onRejected(message.rejected, message.unlisted);
        break;
      case "stopped":
        this.#stopped.resolve();
        break;
    }
  }

  #delta(message: Extract<FromDataWorker, { kind: "delta" }>): void {
    this.#lag = message.delta.loopLagMs;
    this.#connections = message.delta.connections;
    this.#requestsInFlight = 0;
    for (const provider of Object.values(message.delta.providers)) this.#requestsInFlight += provider.active;
    this.#countTransfer(message.transfer);
    this.#options.onDelta(this.#worker.name, message.delta);
  }

  #countTransfer(delta: TransferDelta): void {
    const { dropped, unconfirmed } = delta;
    if (dropped === 0 && unconfirmed === 0) return;
    if (unconfirmed > 0) {
      const fields = { thread: this.#worker.name, answers: unconfirmed };
      this.#options.log.warn(fields, "responses sent before their records were confirmed as written");
    }
    this.#options.onTransfer(delta);
  }

  #exited(): void {
    this.#options.log.error(
      { thread: this.#worker.name, connections: this.#connections, calls: this.#requestsInFlight },
      "data worker ended; its connections were reset",
    );
    this.#requestsInFlight = 0;
    this.#connections = 0;
    this.#lag = NO_LAG;
    if (this.#stopping) this.#stopped.resolve();
    this.#options.onChange();
  }
}
