import type { Logger } from "../../core/log.ts";
import { MessageChannel, type Worker } from "node:worker_threads";
import type { CostDeltas } from "../../core/counters/cost-deltas.ts";
import type { PriceOverrides } from "../../core/price-overrides.ts";
import type { RecordDeltas } from "../../core/counters/proxy-deltas.ts";
import type { Settings } from "../../config/settings.ts";
import type { LedgerStatus } from "../../core/counters/status.ts";
import { LedgerCounts } from "../../ledger/writer/ledger-counts.ts";
import { SupervisedWorker } from "../supervision/supervised-worker.ts";
import type { ThreadUsage } from "../supervision/worker-judge.ts";
import type {
  FromLedger,
  TransferDelta,
  Heartbeat,
  LedgerLink,
  LedgerWorkerInit,
  Predecessor,
  ToLedger,
} from "../protocol/messages.ts";

export interface LedgerWorkerHandleOptions {
  readonly prestarted?: Worker | undefined;
  readonly settings: Settings;
  readonly overrides: PriceOverrides;
  readonly instance: string;
  readonly log: Logger;
  readonly threadUsage: (name: string) => ThreadUsage | undefined;
  readonly onStatus: () => void;
  readonly onCosts: (costs: CostDeltas) => void;
  readonly onRecorded: (recorded: RecordDeltas) => void;
  /** Another program has renamed or deleted the stats file. */
  readonly onMoved: () => void;
  /** A new ledger worker is open; the data workers need new links. */
  readonly onReplaced: () => void;
}

const REOPEN_MS = 1_000;

/** The main thread's side of the ledger worker. */
export class LedgerWorkerHandle {
  readonly opened: Promise<void>;
  readonly worker: SupervisedWorker<ToLedger, FromLedger>;
  readonly #options: LedgerWorkerHandleOptions;
  readonly #closed = Promise.withResolvers<void>();
  #status: LedgerStatus;
  #overrides: PriceOverrides;
  /** The worker that is running or starting. */
  #current: Predecessor | undefined;
  /** The last worker that had the file open. */
  #predecessor: Predecessor | undefined;
  #starts = 0;
  #rotating: ((segment: string | undefined) => void)[] = [];
  /** The counts of earlier ledger workers, so that the sums never run backwards. */
  #past = { written: 0, dropped: 0, interrupted: 0, unconfirmed: 0, rotations: 0 };

  constructor(options: LedgerWorkerHandleOptions) {
    this.#options = options;
    this.#overrides = options.overrides;
    this.#status = emptyStatus(options.settings.stats.outputPath);
    const opened = Promise.withResolvers<void>();
    this.opened = opened.promise;
    let first = true;
    this.worker = new SupervisedWorker<ToLedger, FromLedger>({
      name: "ledger",
      entry: "ledger/ledger-worker",
      prestarted: options.prestarted,
      log: options.log,
      whenUnresponsive: "wait",
      threadUsage: options.threadUsage,
      init: (heartbeat) => ({ data: this.#init(heartbeat), transfer: [] }),
      onMessage: (message) => {
        if (message.kind === "open") {
          this.worker.state = "running";
          this.#predecessor = this.#current;
          if (first) opened.resolve();
          else options.onReplaced();
          first = false;
        } else if (message.kind === "open-failed") {
          if (first) opened.reject(new Error(message.message));
          else this.#openLater(message.message);
        } else this.#receive(message);
      },
      onExit: () => this.#exited(),
      onHealthChange: options.onStatus,
    });
  }

  status(): LedgerStatus {
    const { written, dropped, interrupted, unconfirmed, rotations } = this.#past;
    const unresponsive =
      this.worker.health === "hung"
        ? { degraded: true, lastError: "the ledger worker is not responding: the disk may hang" }
        : undefined;
    return {
      ...this.#status,
      ...unresponsive,
      written: this.#status.written + written,
      dropped: this.#status.dropped + dropped,
      interrupted: this.#status.interrupted + interrupted,
      unconfirmed,
      rotations: this.#status.rotations + rotations,
    };
  }

  /** Adds what a data worker reported about its records. */
  countTransfer({ dropped, unconfirmed }: TransferDelta): void {
    this.#past.dropped += dropped;
    this.#past.unconfirmed += unconfirmed;
  }

  /** Applies to all records from now on, also after a restart of the worker. */
  setPrices(overrides: PriceOverrides): void {
    this.#overrides = overrides;
    this.worker.post({ kind: "prices", overrides });
  }

  /** Closes the current segment. Resolves to its name, or to `undefined` if none could be closed. */
  rotate(): Promise<string | undefined> {
    if (this.worker.state !== "running") return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#rotating.push(resolve);
    this.worker.post({ kind: "rotate" });
    return promise;
  }

  /** Makes a new link from a data worker to the ledger, and returns the data worker's end. */
  link(thread: string, counts: SharedArrayBuffer): LedgerLink {
    const { port1, port2 } = new MessageChannel();
    this.worker.post({ kind: "link", link: { thread, port: port1, counts } }, [port1]);
    return { thread, port: port2, counts };
  }

  /** Resolves when what is left is written and synced, and the file is unlocked. */
  async close(): Promise<void> {
    this.worker.retire();
    this.worker.post({ kind: "close" });
    await this.#closed.promise;
    await this.worker.terminate();
  }

  /** Each ledger worker numbers its records from 1, so each has its own instance id. */
  #init(heartbeat: Heartbeat): LedgerWorkerInit {
    const { settings, instance } = this.#options;
    const overrides = this.#overrides;
    this.#starts++;
    const current = {
      instance: this.#starts === 1 ? instance : `${instance}.${this.#starts}`,
      counts: LedgerCounts.allocate(),
    };
    this.#current = current;
    return { kind: "ledger", settings, ...current, replaces: this.#predecessor, overrides, heartbeat };
  }

  #openLater(reason: string): void {
    this.#options.log.warn({ reason, delayMs: REOPEN_MS }, "stats file not opened yet; retrying");
    setTimeout(() => this.worker.end(), REOPEN_MS);
  }

  #receive(message: FromLedger): void {
    switch (message.kind) {
      case "status":
        this.#status = message.status;
        this.#options.onStatus();
        break;
      case "costs":
        this.#options.onCosts(message.costs);
        break;
      case "recorded":
        this.#options.onRecorded(message.recorded);
        break;
      case "moved":
        this.#options.onMoved();
        break;
      case "rotated":
        this.#rotating.shift()?.(message.segment);
        break;
      case "log":
        this.#options.log[message.level](message.fields, message.message);
        break;
      case "closed":
        this.#closed.resolve();
        break;
      default:
    }
  }

  #exited(): void {
    for (const resolve of this.#rotating.splice(0)) resolve(undefined);
    const { interrupted, rotations } = this.#status;
    // The status may be half a second old, but the counts are exact. The next worker finds and counts the records that
    // were still in this worker's memory.
    const { written, dropped } = new LedgerCounts(this.#current?.counts);
    this.#past.written += written;
    this.#past.dropped += dropped;
    this.#past.interrupted += interrupted;
    this.#past.rotations += rotations;
    this.#status = { ...emptyStatus(this.#status.path), degraded: true, lastError: "the ledger worker was restarted" };
  }
}

function emptyStatus(path: string): LedgerStatus {
  return {
    path,
    written: 0,
    dropped: 0,
    interrupted: 0,
    unconfirmed: 0,
    queued: 0,
    degraded: false,
    lastError: undefined,
    lastWriteAt: undefined,
    rotations: 0,
  };
}
