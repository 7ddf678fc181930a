// The ledger: records → stats.jsonl. It is the one writer of that file, on a thread of its own, with synchronous
// writes: a disk that is slow, full or gone stops this thread and no call. It reads nothing out of a record; it does
// not decide what a record is, and keeps no sums.

import type { LedgerStatus } from "../core/status.ts";
import { errorCode, errorText } from "./errno.ts";
import { LedgerOpenError } from "./ledger-open-error.ts";
import { HEARTBEAT_MS } from "./lock-file.ts";
import { RecordQueue } from "./record-queue.ts";
import { StatsFile } from "./stats-file.ts";
import type { StatsFileOptions } from "./stats-file.ts";

export interface LedgerOptions extends StatsFileOptions {
  readonly flushIntervalMs: number;
  /** Bound of what may wait in memory while the file cannot be written. */
  readonly maxQueueBytes: number;
}

/** One write: large enough to make the call cheap, small enough that a rotated file keeps its size. */
const BATCH_BYTES = 256 * 1024;
/** How often the file is looked for, and tried again while it fails: half the second that is promised. */
const WATCH_MS = 500;
/** A full pipe is no fault yet; its reader is given this long. */
const BUSY_MS = 1_000;
const BUSY_RETRY_MS = 20;
/** How long closing waits for the reader of a full pipe. */
const CLOSE_TRIES = 50;

interface Trouble {
  readonly since: number;
  readonly droppedBefore: number;
}

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #file: StatsFile;
  readonly #queue: RecordQueue;
  readonly #lineEnd: string;
  readonly #timers: readonly NodeJS.Timeout[];
  #busyTimer: NodeJS.Timeout | undefined;
  #busySince: number | undefined;
  #trouble: Trouble | undefined;
  #closed = false;
  #seq = 0;
  #written = 0;
  #unsynced = 0;
  #dropped = 0;
  #lastError: string | undefined;
  #lastWriteAt: number | undefined;

  private constructor(options: LedgerOptions, file: StatsFile) {
    this.#options = options;
    this.#file = file;
    this.#queue = new RecordQueue(options.maxQueueBytes);
    this.#lineEnd = `,"instance":${JSON.stringify(options.instance)},"seq":`;
    this.#timers = [
      setInterval(() => this.#drain(), WATCH_MS).unref(),
      setInterval(() => this.#sync(), options.flushIntervalMs).unref(),
      setInterval(() => this.#heartbeat(), HEARTBEAT_MS).unref(),
    ];
  }

  /**
   * Throws `LedgerOpenError` where writing would be wrong: another instance writes there, or the path is a directory.
   * A file that merely cannot be written now is no reason to stop calls: the ledger starts degraded and keeps trying.
   */
  static open(options: LedgerOptions): Ledger {
    const file = new StatsFile(options);
    let failure: unknown;
    try {
      file.keepOpen();
    } catch (error) {
      if (error instanceof LedgerOpenError) throw error;
      failure = error;
    }
    const ledger = new Ledger(options, file);
    if (failure !== undefined) ledger.#fail(failure);
    return ledger;
  }

  /**
   * Takes the JSON text of one record, an object with at least one member, and the text of members to put behind them,
   * each with its comma before it. Nothing is written before `flush`.
   */
  append(record: string, more: string = ""): void {
    this.#seq += 1;
    // Between tokens a line break is the same as a space, and inside a string JSON allows neither.
    const text = /[\r\n]/.test(record) ? record.replaceAll(/[\r\n]/g, " ").trimEnd() : record;
    this.#drop(this.#closed ? 1 : this.#queue.push(`${text.slice(0, -1)}${more}${this.#lineEnd}${this.#seq}}\n`));
  }

  /** Hands everything appended so far to the operating system. Call it after the last record of a message. */
  flush(): void {
    // While the file fails it is tried at intervals, not once per message.
    if (!this.#trouble && !this.#closed && this.#queue.length > 0) this.#drain();
  }

  /** Closes the file that is written now, as if it were full; the name it got. `undefined` if there was nothing in it. */
  rotate(): string | undefined {
    if (this.#closed || this.#trouble) return undefined;
    this.#drain();
    const closed = this.#file.rotate();
    // Whoever looks at the path next finds an empty file, not none.
    this.#drain();
    return closed;
  }

  status(): LedgerStatus {
    return {
      path: this.#options.path,
      written: this.#written,
      dropped: this.#dropped,
      queued: this.#queue.length,
      degraded: this.#trouble !== undefined,
      lastError: this.#lastError,
      lastWriteAt: this.#lastWriteAt === undefined ? undefined : new Date(this.#lastWriteAt).toISOString(),
      rotations: this.#file.rotations,
    };
  }

  /** Writes and syncs what is left, gives up the lock, and counts what could not be written as dropped. Never throws. */
  close(): void {
    if (this.#closed) return;
    this.#drain();
    for (let tries = 0; this.#busySince !== undefined && tries < CLOSE_TRIES; tries += 1) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_RETRY_MS);
      this.#drain();
    }
    this.#sync();
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#busyTimer);
    this.#drop(this.#queue.clear());
    this.#file.close();
    if (this.#dropped > 0) {
      this.#options.log("error", "records were dropped", { path: this.#options.path, dropped: this.#dropped });
    }
  }

  #drain(): void {
    try {
      this.#file.keepOpen();
      while (this.#queue.length > 0) {
        const { accepted, error } = this.#file.write(this.#queue.batch(BATCH_BYTES));
        if (accepted > 0) this.#count(this.#queue.release(accepted));
        if (error !== undefined) throw error;
      }
    } catch (error) {
      if (!this.#isBusy(error)) this.#fail(error);
      return;
    }
    this.#busySince = undefined;
    this.#recover();
  }

  #count(records: number): void {
    this.#written += records;
    this.#unsynced += records;
    this.#lastWriteAt = this.#options.now();
    this.#busySince = undefined;
  }

  /** A full pipe is tried again soon, and becomes a fault only if nobody reads it for a while. */
  #isBusy(error: unknown): boolean {
    if (errorCode(error) !== "EAGAIN") return false;
    const now = this.#options.now();
    if (this.#busySince === undefined) {
      // Some of it was written just now: somebody reads.
      this.#recover();
      this.#busySince = now;
    }
    if (this.#trouble || now - this.#busySince > BUSY_MS) return false;
    clearTimeout(this.#busyTimer);
    this.#busyTimer = setTimeout(() => this.flush(), BUSY_RETRY_MS).unref();
    return true;
  }

  #fail(error: unknown): void {
    this.#lastError = errorText(error);
    if (this.#trouble) return;
    this.#trouble = { since: this.#options.now(), droppedBefore: this.#dropped };
    this.#options.log("error", "stats cannot be written; calls go on, and records wait in memory", {
      path: this.#options.path,
      error: this.#lastError,
      queued: this.#queue.length,
    });
  }

  #recover(): void {
    const trouble = this.#trouble;
    if (!trouble) return;
    this.#trouble = undefined;
    this.#options.log("info", "stats are written again", {
      path: this.#options.path,
      afterMs: this.#options.now() - trouble.since,
      dropped: this.#dropped - trouble.droppedBefore,
    });
  }

  #drop(records: number): void {
    if (records === 0) return;
    if (this.#trouble?.droppedBefore === this.#dropped) {
      this.#options.log("error", "too many records wait to be written; the oldest are dropped", {
        path: this.#options.path,
        queued: this.#queue.length,
      });
    }
    this.#dropped += records;
  }

  #sync(): void {
    try {
      this.#file.sync();
      this.#unsynced = 0;
    } catch (error) {
      this.#lastError = errorText(error);
      this.#options.log("error", "syncing the stats file failed; it was set aside and a new one is begun", {
        path: this.#options.path,
        error: this.#lastError,
        unconfirmedRecords: this.#unsynced,
      });
      this.#unsynced = 0;
    }
  }

  #heartbeat(): void {
    try {
      this.#file.heartbeat();
    } catch (error) {
      this.#fail(error);
    }
  }
}
