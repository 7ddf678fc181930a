// The ledger: records → stats.jsonl. It is the only writer of that file and runs in its own worker with synchronous
// writes, so that a slow, full or missing disk blocks this worker and no request. It does not look into records, decide
// what is recorded, or keep sums.

import type { LedgerStatus } from "../../core/counters/status.ts";
import { basename } from "node:path";
import { companionFilesOf } from "../files/companion-files.ts";
import { errorCode, errorText } from "../../core/errno.ts";
import { LedgerCounts } from "./ledger-counts.ts";
import type { GapReason, LedgerEvent } from "../events/ledger-event.ts";
import { EventWriter } from "../events/event-writer.ts";
import { LedgerOpenError } from "../files/ledger-open-error.ts";
import { HEARTBEAT_MS, STALE_MS } from "../lock/lock-file.ts";
import { type SeqRange, UnreportedGaps } from "./unreported-gaps.ts";
import { RecordQueue } from "./record-queue.ts";
import { StatsFile } from "./stats-file.ts";
import type { FileChange, StatsFileOptions } from "./stats-file.ts";
import { storedLedger } from "../files/ledger-path.ts";

export interface LedgerOptions extends StatsFileOptions {
  readonly flushIntervalMs: number;
  /** Most bytes that may queue in memory while the file cannot be written. */
  readonly maxQueueBytes: number;
  /** Counters that outlive this ledger's worker, for the next one. */
  readonly counts?: LedgerCounts;
  /** Another program has renamed or deleted the file. */
  readonly onMoved?: () => void;
}

/** Bytes of one write: large enough to make the system call cheap, small enough to keep rotated files at their size. */
const BATCH_BYTES = 256 * 1024;
/** How often the file is checked, and retried while it fails: half of the second that the documents promise. */
const CHECK_MS = 500;
/** A full pipe counts as an error only after its reader has had this long. */
const BUSY_MS = 1_000;
const BUSY_RETRY_MS = 20;
/** How often gaps are reported while the file cannot be written and records are being dropped. */
const REPORT_INTERVAL_MS = 5_000;
/** How long closing waits for the reader of a full pipe. */
const CLOSE_TRIES = 50;

interface Outage {
  readonly since: number;
  readonly droppedBefore: number;
  /** Another instance holds the lock, so its file of events is left alone as well. */
  readonly isLocked: boolean;
  /** The holder of the lock has renewed it since. */
  isHolderRunning: boolean;
}

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #file: StatsFile;
  readonly #queue: RecordQueue;
  readonly #lineEnd: string;
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #counts: LedgerCounts;
  readonly #gaps: UnreportedGaps;
  /** A pipe or a device has no directory of its own for a file of events. */
  readonly #events: EventWriter | undefined;
  #busyTimer: NodeJS.Timeout | undefined;
  #busySince: number | undefined;
  #outage: Outage | undefined;
  #closed = false;
  #writtenSeq = 0;
  /** Records up to this one survive a power cut. */
  #syncedSeq = 0;
  #unsynced = 0;
  #reportedAt = 0;
  #lastError: string | undefined;
  #lastWriteAt: number | undefined;

  private constructor(options: LedgerOptions) {
    this.#options = options;
    this.#file = new StatsFile(options, (change) => this.#onFileChange(change));
    this.#counts = options.counts ?? new LedgerCounts();
    this.#gaps = new UnreportedGaps(options.now);
    this.#events = openEvents(options);
    this.#queue = new RecordQueue(options.maxQueueBytes, BATCH_BYTES);
    this.#lineEnd = `,"instance":${JSON.stringify(options.instance)},"seq":`;
    this.#timers = [
      setInterval(() => this.#drain(), CHECK_MS).unref(),
      setInterval(() => this.#sync(), options.flushIntervalMs).unref(),
      setInterval(() => this.#heartbeat(), HEARTBEAT_MS).unref(),
    ];
  }

  /**
   * Throws `LedgerOpenError` where writing would be wrong: another instance writes there, or the path is a directory.
   * A file that cannot be written at the moment must not stop requests: the ledger starts degraded and keeps trying. The
   * same holds for a lock whose holder may have ended: until it expires, records are kept in memory.
   */
  static open(options: LedgerOptions): Ledger {
    const ledger = new Ledger(options);
    try {
      ledger.#file.keepOpen();
    } catch (error) {
      if (error instanceof LedgerOpenError && !error.mayHaveEnded) {
        ledger.#stopTimers();
        throw error;
      }
      ledger.#fail(error);
    }
    return ledger;
  }

  /** True while it may write the stats file and its companion files. */
  get holdsLock(): boolean {
    return this.#file.holdsLock;
  }

  /** True while another instance holds the lock that may have ended. */
  get isWaitingForLock(): boolean {
    return this.#outage?.isLocked === true && !this.#outage.isHolderRunning;
  }

  get seq(): number {
    return this.#counts.seq;
  }

  /** True if the operating system has every appended record. */
  get isDrained(): boolean {
    return this.#queue.length === 0;
  }

  /**
   * Takes the JSON text of one record, an object with at least one member, and the text of further members, each with a
   * leading comma. Nothing is written before `flush`.
   */
  append(record: string, moreMembers: string = ""): void {
    const seq = this.#counts.seq + 1;
    this.#counts.seq = seq;
    // Between JSON tokens a line break equals a space, and strings hold no raw line break.
    const isOneLine = !record.includes("\n") && !record.includes("\r");
    const text = isOneLine ? record : record.replaceAll(/[\r\n]/g, " ").trimEnd();
    const line = `${text.slice(0, -1)}${moreMembers}${this.#lineEnd}${seq}}\n`;
    const dropped = this.#closed ? { from: seq, to: seq, records: 1 } : this.#queue.push(line, seq);
    if (dropped !== undefined) this.#drop(dropped, dropped.from === seq ? "too_large" : "queue_full");
  }

  /** Assigns sequence numbers to records that will never arrive, so that the gap is visible. */
  addGap(records: number, reason: GapReason): void {
    if (records <= 0) return;
    const from = this.#counts.seq + 1;
    this.#counts.seq += records;
    this.#gaps.add({ from, to: this.#counts.seq, records }, reason);
    // The data workers count these themselves.
    if (reason !== "handover_full") this.#counts.dropped += records;
    this.#options.log.error(
      { path: this.#options.path, records, reason },
      "records were lost before they could be written",
    );
    this.#reportGaps();
  }

  /** Reports records that a crashed predecessor numbered but never wrote. */
  addPredecessorGap(instance: string, range: SeqRange): void {
    if (range.records <= 0) return;
    const gaps = new UnreportedGaps(this.#options.now);
    gaps.add(range, "ledger_thread_died");
    this.#counts.dropped += range.records;
    for (const gap of gaps.events(instance)) this.addEvent(gap);
  }

  /** Writes to the file of events. */
  addEvent(event: LedgerEvent): void {
    this.#events?.add(event);
  }

  /** Writes everything appended so far to the operating system. Call it after the last record of a batch. */
  flush(): void {
    // While writing fails it is retried at intervals, not for each batch.
    if (!this.#outage && !this.#closed && this.#queue.length > 0) this.#drain();
  }

  /** Closes the active segment as if it were full and returns its new name; `undefined` if there was nothing in it. */
  rotate(): string | undefined {
    if (this.#closed || this.#outage) return undefined;
    this.#drain();
    const closed = this.#file.rotate();
    // Creates the next file, so that other programs find an empty file at the path and not none.
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
      degraded: this.#outage !== undefined,
      lastError: this.#lastError,
      lastWriteAt: this.#lastWriteAt === undefined ? undefined : new Date(this.#lastWriteAt).toISOString(),
      rotations: this.#file.rotations,
    };
  }

  /** Writes and syncs the rest and releases the lock. Records that cannot be written count as dropped. Never throws. */
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
    const unwritten = this.#queue.clear();
    if (unwritten !== undefined) this.#drop(unwritten, "not_written_at_stop");
    const { path, instance, log } = this.#options;
    const { seq, dropped } = this.#counts;
    this.#reportedAt = 0;
    this.#reportGaps();
    this.addEvent({ event: "stopped", instance, last_seq: seq });
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
      this.#reportGaps();
      while (this.#queue.length > 0) {
        const { accepted, error } = this.#file.write(this.#queue.batch());
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
    this.#reportGaps();
  }

  #count({ records, to }: SeqRange): void {
    this.#counts.written += records;
    this.#writtenSeq = to;
    this.#unsynced += records;
    this.#lastWriteAt = this.#options.now();
    this.#busySince = undefined;
  }

  /** True for a full pipe, which is retried soon and counts as an error only after `BUSY_MS` without a reader. */
  #isBusy(error: unknown): boolean {
    if (errorCode(error) !== "EAGAIN") return false;
    const now = this.#options.now();
    if (this.#busySince === undefined) {
      // Part of the batch was written before the pipe was full, so it has a reader.
      this.#recover();
      this.#busySince = now;
    }
    if (this.#outage || now - this.#busySince > BUSY_MS) return false;
    clearTimeout(this.#busyTimer);
    this.#busyTimer = setTimeout(() => this.flush(), BUSY_RETRY_MS).unref();
    return true;
  }

  #fail(error: unknown): void {
    this.#lastError = errorText(error);
    const { path, instance, now, log } = this.#options;
    const fields = { path, error: this.#lastError, queued: this.#queue.length };
    if (this.#outage) {
      if (this.isWaitingForLock && now() - this.#outage.since > 2 * STALE_MS) {
        this.#outage.isHolderRunning = true;
        log.error(
          fields,
          "another LMGate is using the stats file; requests continue, and records are kept in memory until it stops",
        );
      }
      return;
    }
    const isLocked = error instanceof LedgerOpenError && error.mayHaveEnded;
    this.#outage = { since: now(), droppedBefore: this.#counts.dropped, isLocked, isHolderRunning: false };
    if (isLocked) {
      log.warn(fields, "the stats file is still locked; requests continue, and records are kept in memory");
      return;
    }
    log.error(fields, "the stats file cannot be written; requests continue, and records are kept in memory");
    this.addEvent({ event: "unwritable", instance, error: this.#lastError, last_seq: this.#writtenSeq });
  }

  #recover(): void {
    const outage = this.#outage;
    if (!outage) return;
    this.#outage = undefined;
    const { path, instance, now, log } = this.#options;
    const afterMs = now() - outage.since;
    log.info(
      { path, afterMs, dropped: this.#counts.dropped - outage.droppedBefore },
      "the stats file can be written again",
    );
    if (!outage.isLocked) this.addEvent({ event: "writable", instance, after_ms: afterMs });
  }

  #drop(range: SeqRange, reason: GapReason): void {
    if (this.#outage?.droppedBefore === this.#counts.dropped) {
      this.#options.log.error(
        { path: this.#options.path, queued: this.#queue.length },
        "the queue of unwritten records is full; dropping the oldest",
      );
    }
    this.#counts.dropped += range.records;
    this.#gaps.add(range, reason);
  }

  /** Reports gaps before records with later numbers are written; at intervals only, while the file cannot be written. */
  #reportGaps(): void {
    const { instance, now } = this.#options;
    if (this.#gaps.any && (this.#outage === undefined || now() - this.#reportedAt > REPORT_INTERVAL_MS)) {
      if (this.#events?.tryAdd(this.#gaps.events(instance)) === false) return;
      this.#gaps.clear();
      this.#reportedAt = now();
    }
    this.#events?.flush();
  }

  #onFileChange(change: FileChange): void {
    const { instance } = this.#options;
    const last_seq = this.#writtenSeq;
    if (change.kind === "moved") this.#options.onMoved?.();
    if (change.kind !== "rotated") this.addEvent({ event: change.kind, instance, last_seq });
    else this.addEvent({ event: "rotated", instance, segment: basename(change.segment), last_seq });
  }

  #sync(): void {
    try {
      this.#file.sync();
    } catch (error) {
      this.#lastError = errorText(error);
      this.#options.log.error(
        { path: this.#options.path, error: this.#lastError, unconfirmedRecords: this.#unsynced },
        "the stats file could not be synced; closing it and starting a new one",
      );
      this.addEvent({
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

function openEvents({ path, fileMode, now }: LedgerOptions): EventWriter | undefined {
  const file = storedLedger(path);
  return file === undefined ? undefined : new EventWriter({ path: companionFilesOf(file).events, mode: fileMode, now });
}
