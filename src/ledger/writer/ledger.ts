// The ledger: records → stats.jsonl. It is the one writer of that file, on a thread of its own, with synchronous
// writes: a disk that is slow, full or gone stops this thread and no call. It reads nothing out of a record; it does
// not decide what a record is, and keeps no sums.

import type { LedgerStatus } from "../../core/status.ts";
import { basename } from "node:path";
import { companionFilesOf } from "./companion-files.ts";
import { errorCode, errorText } from "../../core/errno.ts";
import { LedgerCounts } from "./ledger-counts.ts";
import type { GapReason, LedgerEvent } from "../events/ledger-event.ts";
import { LedgerEvents } from "../events/ledger-events.ts";
import { LedgerOpenError } from "./ledger-open-error.ts";
import { HEARTBEAT_MS } from "../lock/lock-file.ts";
import { type LostRange, Losses } from "./losses.ts";
import { RecordQueue } from "./record-queue.ts";
import { StatsFile } from "./stats-file.ts";
import type { FileChange, StatsFileOptions } from "./stats-file.ts";
import { followLinks, isRegular } from "./target.ts";

export interface LedgerOptions extends StatsFileOptions {
  readonly flushIntervalMs: number;
  /** Bound of what may wait in memory while the file cannot be written. */
  readonly maxQueueBytes: number;
  /** Read by others when this ledger's thread is gone. */
  readonly counts?: LedgerCounts;
}

/** One write: large enough to make the call cheap, small enough that a rotated file keeps its size. */
const BATCH_BYTES = 256 * 1024;
/** How often the file is looked for, and tried again while it fails: half the second that is promised. */
const WATCH_MS = 500;
/** A full pipe is no fault yet; its reader is given this long. */
const BUSY_MS = 1_000;
const BUSY_RETRY_MS = 20;
/** While the file cannot be written and records are lost, how often that is written down. */
const TELL_AGAIN_MS = 5_000;
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
  readonly #counts: LedgerCounts;
  readonly #losses: Losses;
  /** CompanionFiles a pipe or a device there is no place for it. */
  readonly #events: LedgerEvents | undefined;
  #busyTimer: NodeJS.Timeout | undefined;
  #busySince: number | undefined;
  #trouble: Trouble | undefined;
  #closed = false;
  #writtenSeq = 0;
  /** All up to here survives a power cut. */
  #syncedSeq = 0;
  #unsynced = 0;
  #toldAt = 0;
  #lastError: string | undefined;
  #lastWriteAt: number | undefined;

  private constructor(options: LedgerOptions) {
    this.#options = options;
    this.#file = new StatsFile(options, (change) => this.#fileChanged(change));
    this.#counts = options.counts ?? new LedgerCounts();
    this.#losses = new Losses(options.now);
    this.#events = openEvents(options);
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
    const ledger = new Ledger(options);
    try {
      ledger.#file.keepOpen();
    } catch (error) {
      if (error instanceof LedgerOpenError) {
        ledger.#stopTimers();
        throw error;
      }
      ledger.#fail(error);
    }
    return ledger;
  }

  /** Whether it may write, and what stands beside the file is its own as well. */
  get holdsLock(): boolean {
    return this.#file.holdsLock;
  }

  get seq(): number {
    return this.#counts.seq;
  }

  /** Nothing of what was appended is in memory alone. */
  get isDrained(): boolean {
    return this.#queue.length === 0;
  }

  /**
   * Takes the JSON text of one record, an object with at least one member, and the text of members to put behind them,
   * each with its comma before it. Nothing is written before `flush`.
   */
  append(record: string, more: string = ""): void {
    const seq = this.#counts.seq + 1;
    this.#counts.seq = seq;
    // Between tokens a line break is the same as a space, and inside a string JSON allows neither.
    const text = /[\r\n]/.test(record) ? record.replaceAll(/[\r\n]/g, " ").trimEnd() : record;
    const line = `${text.slice(0, -1)}${more}${this.#lineEnd}${seq}}\n`;
    const lost = this.#closed ? { from: seq, to: seq, records: 1 } : this.#queue.push(line, seq);
    if (lost !== undefined) this.#drop(lost, lost.from === seq ? "too_large" : "queue_full");
  }

  /** Gives numbers to records that will never come, so that their hole can be seen. */
  lose(records: number, reason: GapReason): void {
    if (records <= 0) return;
    const from = this.#counts.seq + 1;
    this.#counts.seq += records;
    this.#losses.add({ from, to: this.#counts.seq, records }, reason);
    // Data threads count themselves what they could not hand over.
    if (reason !== "handover_full") this.#counts.dropped += records;
    this.#options.log.error(
      {
        path: this.#options.path,
        records,
        reason,
      },
      "records were lost before they could be written",
    );
    this.#tellLosses();
  }

  /** Of a ledger before this one, whose thread died: these had numbers and were not written. */
  lostBy(instance: string, range: LostRange): void {
    if (range.records <= 0) return;
    const losses = new Losses(this.#options.now);
    losses.add(range, "ledger_thread_died");
    this.#counts.dropped += range.records;
    for (const gap of losses.events(instance)) this.note(gap);
  }

  /** Notes something beside the records. */
  note(event: LedgerEvent): void {
    this.#events?.add(event);
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
      written: this.#counts.written,
      dropped: this.#counts.dropped,
      interrupted: 0,
      unconfirmed: 0,
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
    this.#stopTimers();
    const lost = this.#queue.clear();
    if (lost !== undefined) this.#drop(lost, "not_written_at_stop");
    const { path, instance, log } = this.#options;
    const { seq, dropped } = this.#counts;
    this.#toldAt = 0;
    this.#tellLosses();
    this.note({ event: "stopped", instance, last_seq: seq });
    this.#file.close();
    if (dropped > 0) log.error({ path, dropped }, "records were dropped");
  }

  #stopTimers(): void {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#busyTimer);
  }

  #drain(): void {
    try {
      this.#file.keepOpen();
      this.#tellLosses();
      while (this.#queue.length > 0) {
        const { accepted, error } = this.#file.write(this.#queue.batch(BATCH_BYTES));
        const written = this.#queue.release(accepted);
        if (written !== undefined) this.#count(written);
        if (error !== undefined) throw error;
      }
    } catch (error) {
      if (!this.#isBusy(error)) this.#fail(error);
      return;
    }
    this.#busySince = undefined;
    this.#recover();
    this.#tellLosses();
  }

  #count({ records, to }: LostRange): void {
    this.#counts.written += records;
    this.#writtenSeq = to;
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
    this.#trouble = { since: this.#options.now(), droppedBefore: this.#counts.dropped };
    this.#options.log.error(
      {
        path: this.#options.path,
        error: this.#lastError,
        queued: this.#queue.length,
      },
      "stats cannot be written; calls go on, and records wait in memory",
    );
    const { instance } = this.#options;
    this.note({ event: "unwritable", instance, error: this.#lastError, last_seq: this.#writtenSeq });
  }

  #recover(): void {
    const trouble = this.#trouble;
    if (!trouble) return;
    this.#trouble = undefined;
    const { path, instance, now, log } = this.#options;
    const afterMs = now() - trouble.since;
    log.info({ path, afterMs, dropped: this.#counts.dropped - trouble.droppedBefore }, "stats are written again");
    this.note({ event: "writable", instance, after_ms: afterMs });
  }

  #drop(lost: LostRange, reason: GapReason): void {
    if (this.#trouble?.droppedBefore === this.#counts.dropped) {
      this.#options.log.error(
        {
          path: this.#options.path,
          queued: this.#queue.length,
        },
        "too many records wait to be written; the oldest are dropped",
      );
    }
    this.#counts.dropped += lost.records;
    this.#losses.add(lost, reason);
  }

  /** Before records with later numbers are written, if it can be; while the file fails, not at every try. */
  #tellLosses(): void {
    const { instance, now } = this.#options;
    if (this.#losses.any && (this.#trouble === undefined || now() - this.#toldAt > TELL_AGAIN_MS)) {
      if (this.#events?.addNow(this.#losses.events(instance)) === false) return;
      this.#losses.told();
      this.#toldAt = now();
    }
    this.#events?.flush();
  }

  #fileChanged(change: FileChange): void {
    const { instance } = this.#options;
    const last_seq = this.#writtenSeq;
    if (change.kind !== "rotated") this.note({ event: change.kind, instance, last_seq });
    else this.note({ event: "rotated", instance, segment: basename(change.segment), last_seq });
  }

  #sync(): void {
    try {
      this.#file.sync();
    } catch (error) {
      this.#lastError = errorText(error);
      this.#options.log.error(
        {
          path: this.#options.path,
          error: this.#lastError,
          unconfirmedRecords: this.#unsynced,
        },
        "syncing the stats file failed; it was set aside and a new one is begun",
      );
      this.note({
        event: "sync_failed",
        instance: this.#options.instance,
        error: this.#lastError,
        from_seq: this.#syncedSeq + 1,
        to_seq: this.#writtenSeq,
        records: this.#unsynced,
      });
    }
    this.#unsynced = 0;
    this.#syncedSeq = this.#writtenSeq;
  }

  #heartbeat(): void {
    try {
      this.#file.heartbeat();
    } catch (error) {
      this.#fail(error);
    }
  }
}

function openEvents({ path, fileMode, now }: LedgerOptions): LedgerEvents | undefined {
  const file = followLinks(path);
  return isRegular(file) ? new LedgerEvents({ path: companionFilesOf(file).events, mode: fileMode, now }) : undefined;
}
