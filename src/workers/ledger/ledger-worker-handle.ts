import { MessageChannel, type Worker } from "node:worker_threads";
import type { CostDeltas } from "../../core/counters/cost-deltas.ts";
import type { PriceOverrides } from "../../core/price-overrides.ts";
import type { Settings } from "../../core/settings.ts";
import type { LedgerStatus } from "../../core/counters/status.ts";
import { LedgerCounts } from "../../ledger/writer/ledger-counts.ts";
import type { Logger } from "../../core/log.ts";
import { SupervisedWorker } from "../supervised-worker.ts";
import type {
  FromLedger,
  TransferDelta,
  Heartbeat,
  LedgerLink,
  LedgerWorkerInit,
  Predecessor,
  ToLedger,
} from "../protocol.ts";

export interface LedgerWorkerHandleOptions {
  readonly spare?: Worker | undefined;
  readonly settings: Settings;
  readonly overrides: PriceOverrides;
  readonly instance: string;
  readonly log: Logger;
  readonly onStatus: () => void;
  readonly onCosts: (deltas: CostDeltas) => void;
  /** A new ledger thread took over; the data threads need new links. */
  readonly onReplaced: () => void;
}

const REOPEN_MS = 1_000;

/** The main thread's side of the ledger thread. */
export class LedgerWorkerHandle {
  readonly opened: Promise<void>;
  readonly thread: SupervisedWorker<ToLedger, FromLedger>;
  readonly #options: LedgerWorkerHandleOptions;
  readonly #closed = Promise.withResolvers<void>();
  #status: LedgerStatus;
  #overrides: PriceOverrides;
  /** The thread that runs, or is about to. */
  #current: Predecessor | undefined;
  /** The last one that had the file open. */
  #predecessor: Predecessor | undefined;
  #starts = 0;
  #rotating: ((segment: string | undefined) => void)[] = [];
  /** Of ledger threads that are gone: counters must not run backwards. */
  #past = { written: 0, dropped: 0, interrupted: 0, unconfirmed: 0, rotations: 0 };

  constructor(options: LedgerWorkerHandleOptions) {
    this.#options = options;
    this.#overrides = options.overrides;
    this.#status = emptyStatus(options.settings.stats.outputPath);
    const opened = Promise.withResolvers<void>();
    this.opened = opened.promise;
    let first = true;
    this.thread = new SupervisedWorker<ToLedger, FromLedger>({
      name: "ledger",
      entry: "ledger/ledger-worker",
      spare: options.spare,
      log: options.log,
      onSilence: "wait",
      init: (heartbeat) => ({ data: this.#init(heartbeat), transfer: [] }),
      onMessage: (message) => {
        if (message.kind === "open") {
          this.thread.state = "running";
          this.#predecessor = this.#current;
          if (first) opened.resolve();
          else options.onReplaced();
          first = false;
        } else if (message.kind === "open-failed") {
          const { message: reason, retryAfterMs } = message;
          if (retryAfterMs === undefined && first) opened.reject(new Error(reason));
          else this.#openLater(reason, retryAfterMs ?? REOPEN_MS);
        } else this.#receive(message);
      },
      onDown: () => this.#down(),
      onLife: options.onStatus,
    });
  }

  status(): LedgerStatus {
    const { written, dropped, interrupted, unconfirmed, rotations } = this.#past;
    const silent = this.thread.silent
      ? { degraded: true, lastError: "the ledger thread is silent: the disk may hang" }
      : undefined;
    return {
      ...this.#status,
      ...silent,
      written: this.#status.written + written,
      dropped: this.#status.dropped + dropped,
      interrupted: this.#status.interrupted + interrupted,
      unconfirmed,
      rotations: this.#status.rotations + rotations,
    };
  }

  /** What a data thread could not do, and said so. */
  countHandover({ dropped, unconfirmed }: TransferDelta): void {
    this.#past.dropped += dropped;
    this.#past.unconfirmed += unconfirmed;
  }

  /** Holds for records from now on, whichever thread writes them. */
  setPrices(overrides: PriceOverrides): void {
    this.#overrides = overrides;
    this.thread.post({ kind: "prices", overrides });
  }

  /** Closes the current segment; its name, or `undefined` where nothing could be closed. */
  rotate(): Promise<string | undefined> {
    if (this.thread.state !== "running") return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#rotating.push(resolve);
    this.thread.post({ kind: "rotate" });
    return promise;
  }

  /** A new way from one data thread to the ledger; the data thread's end of it is returned. */
  link(thread: string, counts: SharedArrayBuffer): LedgerLink {
    const { port1, port2 } = new MessageChannel();
    this.thread.post({ kind: "link", link: { thread, port: port1, counts } }, [port1]);
    return { thread, port: port2, counts };
  }

  /** Writes what is left, syncs and unlocks; resolves when that is done. */
  async close(): Promise<void> {
    this.thread.retire();
    this.thread.post({ kind: "close" });
    await this.#closed.promise;
    await this.thread.terminate();
  }

  /** Every ledger thread numbers its records from 1, so every one has an instance id of its own. */
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

  #openLater(reason: string, delayMs: number): void {
    this.#options.log.warn({ reason, delayMs }, "stats file not opened yet; trying again");
    setTimeout(() => this.thread.end(), delayMs);
  }

  #receive(message: FromLedger): void {
    switch (message.kind) {
      case "status":
        this.#status = message.status;
        this.#options.onStatus();
        break;
      case "costs":
        this.#options.onCosts(message.deltas);
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

  #down(): void {
    for (const answer of this.#rotating.splice(0)) answer(undefined);
    const { interrupted, rotations } = this.#status;
    // The status is up to half a second old; the counts are what was true in the end. What waited in that thread's
    // memory is for the next one to find and to count.
    const { written, dropped } = new LedgerCounts(this.#current?.counts);
    this.#past.written += written;
    this.#past.dropped += dropped;
    this.#past.interrupted += interrupted;
    this.#past.rotations += rotations;
    this.#status = { ...emptyStatus(this.#status.path), degraded: true, lastError: "the ledger thread was replaced" };
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
