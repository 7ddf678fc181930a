import { MessageChannel } from "node:worker_threads";
import type { AccountsDelta } from "../core/accounts-delta.ts";
import type { PriceOverrides } from "../core/price-overrides.ts";
import type { Settings } from "../core/settings.ts";
import type { LedgerStatus } from "../core/status.ts";
import { ManagedThread, type ThreadLog } from "./managed-thread.ts";
import type { FromLedger, Heartbeat, LedgerLink, LedgerThreadInit, ToLedger } from "./protocol.ts";

export interface LedgerHostOptions {
  readonly settings: Settings;
  readonly overrides: PriceOverrides;
  readonly instance: string;
  readonly log: ThreadLog;
  readonly onStatus: () => void;
  readonly onAccounts: (accounts: AccountsDelta) => void;
  /** A new ledger thread took over; the data threads need new links. */
  readonly onReplaced: () => void;
}

const REOPEN_MS = 1_000;

/** The main thread's side of the ledger thread. */
export class LedgerHost {
  readonly opened: Promise<void>;
  readonly thread: ManagedThread<ToLedger, FromLedger>;
  readonly #options: LedgerHostOptions;
  readonly #closed = Promise.withResolvers<void>();
  #status: LedgerStatus;
  #instance: string | undefined;
  #starts = 0;
  #rotating: ((segment: string | undefined) => void)[] = [];
  /** Of ledger threads that are gone: counters must not run backwards. */
  #past = { written: 0, dropped: 0, rotations: 0 };

  constructor(options: LedgerHostOptions) {
    this.#options = options;
    this.#status = emptyStatus(options.settings.stats.outputPath);
    const opened = Promise.withResolvers<void>();
    this.opened = opened.promise;
    let first = true;
    this.thread = new ManagedThread<ToLedger, FromLedger>({
      name: "ledger",
      entry: "ledger-thread",
      log: options.log,
      onSilence: "wait",
      init: (heartbeat) => ({ data: this.#init(heartbeat), transfer: [] }),
      onMessage: (message) => {
        if (message.kind === "open") {
          this.thread.state = "running";
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
    const { written, dropped, rotations } = this.#past;
    const silent = this.thread.silent
      ? { degraded: true, lastError: "the ledger thread is silent: the disk may hang" }
      : undefined;
    return {
      ...this.#status,
      ...silent,
      written: this.#status.written + written,
      dropped: this.#status.dropped + dropped,
      rotations: this.#status.rotations + rotations,
    };
  }

  /** A data thread could not hand over records and said so. */
  countDropped(records: number): void {
    this.#past.dropped += records;
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
  link(): LedgerLink {
    const { port1, port2 } = new MessageChannel();
    const taken = new SharedArrayBuffer(4);
    this.thread.post({ kind: "link", link: { port: port1, taken } }, [port1]);
    return { port: port2, taken };
  }

  /** Writes what is left, syncs and unlocks; resolves when that is done. */
  async close(): Promise<void> {
    this.thread.retire();
    this.thread.post({ kind: "close" });
    await this.#closed.promise;
    await this.thread.terminate();
  }

  /** Every ledger thread numbers its records from 1, so every one has an instance id of its own. */
  #init(heartbeat: Heartbeat): LedgerThreadInit {
    const { settings, overrides, instance } = this.#options;
    const replaces = this.#instance;
    this.#starts++;
    this.#instance = this.#starts === 1 ? instance : `${instance}.${this.#starts}`;
    return { kind: "ledger", settings, instance: this.#instance, replaces, overrides, heartbeat };
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
      case "accounts":
        this.#options.onAccounts(message.accounts);
        break;
      case "rotated":
        this.#rotating.shift()?.(message.segment);
        break;
      case "log":
        this.#options.log[message.level](message.facts, message.message);
        break;
      case "closed":
        this.#closed.resolve();
        break;
      default:
    }
  }

  #down(): void {
    for (const answer of this.#rotating.splice(0)) answer(undefined);
    const { written, dropped, queued, rotations } = this.#status;
    this.#past.written += written;
    this.#past.rotations += rotations;
    // What waited in that thread's memory is lost, and said so.
    this.#past.dropped += dropped + queued;
    this.#status = { ...emptyStatus(this.#status.path), degraded: true, lastError: "the ledger thread was replaced" };
  }
}

function emptyStatus(path: string): LedgerStatus {
  return {
    path,
    written: 0,
    dropped: 0,
    queued: 0,
    degraded: false,
    lastError: undefined,
    lastWriteAt: undefined,
    rotations: 0,
  };
}
