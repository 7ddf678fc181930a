import type { Worker } from "node:worker_threads";
import type { ProxyDeltas } from "../../core/counters/proxy-deltas.ts";
import type { Settings } from "../../core/settings.ts";
import type { WorkerStatus } from "../../core/counters/status.ts";
import { ConnectionCounts } from "./connection-counts.ts";
import { TransferCounters } from "./transfer-counters.ts";
import type { Logger } from "../../core/log.ts";
import { SupervisedWorker } from "../supervised-worker.ts";
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
} from "../protocol.ts";

export interface DataWorkerHandleOptions {
  readonly spare?: Worker | undefined;
  readonly name: string;
  readonly settings: Settings;
  readonly port: number;
  readonly reusePort: boolean;
  readonly log: Logger;
  readonly access: () => AccessVersion;
  readonly readiness: () => Readiness;
  readonly connections: ConnectionPart;
  /** A new way to the ledger, for the data thread that has these `TransferCounters`. */
  readonly link: (thread: string, counts: SharedArrayBuffer) => LedgerLink;
  readonly onDelta: (thread: string, delta: ProxyDeltas) => void;
  readonly onRefused: (refused: readonly RejectionNote[], unlisted: number) => void;
  readonly onHandover: (delta: TransferDelta) => void;
  /** Running, or down, or on another version of the allow-list. */
  readonly onChange: () => void;
}

const NO_CAPS = { total: undefined, perAddress: undefined };
const NO_LAG = { p50: 0, p99: 0, max: 0 };

/** The main thread's side of one data thread. */
export class DataWorkerHandle {
  readonly listening: Promise<void>;
  readonly stopped: Promise<void>;
  readonly #options: DataWorkerHandleOptions;
  readonly #thread: SupervisedWorker<ToDataWorker, FromDataWorker>;
  readonly #listening = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #stopping = false;
  #accessVersion = 0;
  #lag: WorkerStatus["loopLagMs"] = NO_LAG;
  #callsInFlight = 0;
  #connections = 0;
  /** Of the thread that runs: the next one counts anew. */
  #counts = TransferCounters.allocate();

  constructor(options: DataWorkerHandleOptions) {
    this.#options = options;
    this.listening = this.#listening.promise;
    this.stopped = this.#stopped.promise;
    this.#thread = new SupervisedWorker<ToDataWorker, FromDataWorker>({
      name: options.name,
      entry: "data/data-worker",
      spare: options.spare,
      log: options.log,
      onSilence: "end",
      init: (heartbeat) => {
        this.#counts = TransferCounters.allocate();
        const ledger = options.link(options.name, this.#counts);
        const access = options.access();
        this.#accessVersion = access.version;
        const { name, settings, port, reusePort, connections } = options;
        // Those of the thread before this one went with it.
        new ConnectionCounts(connections.shared, connections.thread, NO_CAPS).clear();
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
      onDown: () => this.#down(),
      onLife: options.onChange,
    });
  }

  get callsInFlight(): number {
    return this.#callsInFlight;
  }

  status(): WorkerStatus {
    return {
      name: this.#thread.name,
      state: this.#thread.state,
      restarts: this.#thread.restarts,
      loopLagMs: this.#lag,
      accessVersion: this.#accessVersion,
    };
  }

  post(message: ToDataWorker): void {
    this.#thread.post(message);
  }

  relink(): void {
    const link = this.#options.link(this.#options.name, this.#counts);
    this.#thread.post({ kind: "ledger", link }, [link.port]);
  }

  /** No new connections; `stopped` resolves when the last call is over. */
  stop(): void {
    this.#stopping = true;
    this.#thread.retire();
    if (this.#thread.state === "running") this.#thread.post({ kind: "stop" });
    else this.#stopped.resolve();
  }

  terminate(): Promise<void> {
    return this.#thread.terminate();
  }

  #receive(message: FromDataWorker): void {
    switch (message.kind) {
      case "listening":
        this.#thread.state = "running";
        this.#listening.resolve();
        this.#options.onChange();
        break;
      case "listen-failed":
        this.#listening.reject(Object.assign(new Error(message.message), { code: message.code }));
        // On a restart: end it, so that it is tried again with back-off.
        if (this.#thread.restarts > 0) this.#thread.end();
        break;
      case "access-taken":
        this.#accessVersion = message.version;
        this.#options.onChange();
        break;
      case "delta":
        this.#delta(message);
        break;
      case "refused":
        this.#options.onRefused(message.refused, message.unlisted);
        break;
      case "stopped":
        this.#stopped.resolve();
        break;
    }
  }

  #delta(message: Extract<FromDataWorker, { kind: "delta" }>): void {
    this.#lag = message.delta.loopLagMs;
    this.#connections = message.delta.connections;
    this.#callsInFlight = 0;
    for (const provider of Object.values(message.delta.providers)) this.#callsInFlight += provider.active;
    this.#handover(message.handover);
    this.#options.onDelta(this.#thread.name, message.delta);
  }

  #handover(delta: TransferDelta): void {
    const { dropped, unconfirmed } = delta;
    if (dropped === 0 && unconfirmed === 0) return;
    if (unconfirmed > 0) {
      const facts = { thread: this.#thread.name, answers: unconfirmed };
      this.#options.log.warn(facts, "answers were let go before their records were known to be written");
    }
    this.#options.onHandover(delta);
  }

  #down(): void {
    this.#options.log.error(
      { thread: this.#thread.name, connections: this.#connections, calls: this.#callsInFlight },
      "data thread ended; its connections were reset",
    );
    this.#callsInFlight = 0;
    this.#connections = 0;
    this.#lag = NO_LAG;
    if (this.#stopping) this.#stopped.resolve();
    this.#options.onChange();
  }
}
