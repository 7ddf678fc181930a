import { statSync } from "node:fs";
import type { Logger } from "../../core/log.ts";
import type { InFlightChange } from "../../core/request/in-flight.ts";
import { runningInstance } from "../events/event-reader.ts";
import { companionFilesOf } from "../files/companion-files.ts";
import { followLinks } from "../files/ledger-path.ts";
import type { Ledger } from "../writer/ledger.ts";
import { InFlightJournal, type JournalEntry, readJournal } from "./in-flight-journal.ts";
import { idsInTail, lastSeqInTail } from "./ledger-tail.ts";

export interface InFlightRecoveryOptions {
  /** Path of the stats file. */
  readonly path: string;
  readonly fileMode: number;
  readonly instance: string;
  /** The ledger of a worker of this process that died, and the last sequence number it assigned. */
  readonly replaces: { readonly instance: string; readonly seq: number } | undefined;
  /** The JSON text of the record of an `InFlightRequest`, without the time of its end. */
  readonly recordOf: (snapshot: string) => string;
  readonly now: () => number;
  readonly log: Logger;
}

/**
 * Writes a record for each request whose end was never seen, because its data worker or the whole process died. It keeps
 * the journal of running requests for that, and reads the journal that the last process left.
 */
export class InFlightRecovery {
  /** Number of records written for interrupted requests. */
  interrupted = 0;
  readonly #ledger: Ledger;
  readonly #options: InFlightRecoveryOptions;
  readonly #path: string;
  readonly #journal: InFlightJournal;
  /** Requests that have ended but whose records are still in memory. They stay in the journal until those are written. */
  #ending = new Set<string>();
  #started = false;

  constructor(ledger: Ledger, options: InFlightRecoveryOptions) {
    this.#ledger = ledger;
    this.#options = options;
    this.#path = followLinks(options.path);
    const { fileMode, instance, now } = options;
    const { journal } = companionFilesOf(this.#path);
    this.#journal = new InFlightJournal({
      path: journal,
      mode: fileMode,
      instance,
      now,
      mayWrite: () => ledger.holdsLock,
    });
    this.tick();
  }

  /** Call this at intervals. As soon as the ledger holds the lock, it recovers what the last process left. */
  tick(): void {
    if (!this.#started && this.#ledger.holdsLock) this.#start();
    if (this.#ending.size > 0 && this.#ledger.isDrained) {
      this.#journal.update("", { alive: [], gone: [...this.#ending] });
      this.#ending = new Set();
    }
    if (this.#started) this.#journal.heartbeat();
  }

  /** Takes a data worker's changes. The records of requests that are gone must have been appended before. */
  update(worker: string, { alive, gone }: InFlightChange): void {
    // The journal of the last process must be read before this process writes its own.
    if (!this.#started) this.tick();
    if (this.#ending.size === 0 && this.#ledger.isDrained) this.#journal.update(worker, { alive, gone });
    else {
      this.#journal.update(worker, { alive, gone: [] });
      for (const id of gone) this.#ending.add(id);
      this.tick();
    }
  }

  /**
   * The first message of a data worker to this ledger lists its running requests and those whose records follow. Other
   * requests that an earlier ledger knew have ended; where one has no record, the record died with that ledger. Returns
   * how many did.
   */
  onDataWorkerLinked(worker: string, change: InFlightChange | undefined): number {
    const ids = new Set([...(change?.alive ?? []).map(({ id }) => id), ...(change?.gone ?? [])]);
    const over = this.#runningOn(worker).filter(({ id }) => !ids.has(id));
    const lost = unrecorded(this.#path, over);
    this.#interrupt(lost, this.#options.now());
    this.update(worker, { alive: [], gone: over.map(({ id }) => id) });
    return lost.length;
  }

  /** A data worker died, and its requests with it. */
  onDataWorkerExit(worker: string): void {
    const entries = this.#runningOn(worker);
    this.#interrupt(entries, this.#options.now());
    const { instance } = this.#options;
    this.#ledger.addEvent({ event: "thread_died", instance, thread: worker, interrupted: entries.length });
  }

  /** Call this after the last record was appended. */
  close(): void {
    this.tick();
    this.#journal.close();
  }

  #runningOn(worker: string): readonly JournalEntry[] {
    return this.#journal.entriesOf(worker).filter(({ id }) => !this.#ending.has(id));
  }

  #interrupt(entries: readonly JournalEntry[], lastSeen: number): void {
    if (entries.length === 0) return;
    const { recordOf } = this.#options;
    for (const { snapshot, startedAt } of entries) {
      this.#ledger.append(interruptedRecord(recordOf(snapshot), startedAt, lastSeen));
    }
    this.#ledger.flush();
    this.interrupted += entries.length;
    this.update("", { alive: [], gone: entries.map(({ id }) => id) });
  }

  #start(): void {
    this.#started = true;
    const { instance, replaces } = this.#options;
    const last = readLastRun(this.#path);
    this.#journal.adopt(last.interrupted);
    if (replaces === undefined) this.#recoverCrash(last);
    else this.#replaceWorker(replaces, last);
    this.#ledger.addEvent({ event: "started", instance, replaces: replaces?.instance });
  }

  #recoverCrash({ crashed, inFlight, interrupted, lastSeen }: LastRun): void {
    this.#interrupt(interrupted, lastSeen);
    if (crashed === undefined) return;
    const { instance, lastSeq } = crashed;
    const counts = { in_flight: inFlight, interrupted: interrupted.length };
    const last_seen = lastSeen > 0 ? new Date(lastSeen).toISOString() : undefined;
    this.#ledger.addEvent({ event: "crashed", instance, last_seq: lastSeq, last_seen, ...counts });
    this.#options.log.warn(
      { instance, lastSeq, lastSeen: last_seen, ...counts },
      "the previous LMGate process did not stop cleanly",
    );
  }

  /** The data workers are still running and will report which of their requests are. */
  #replaceWorker({ instance, seq }: { readonly instance: string; readonly seq: number }, { inFlight }: LastRun): void {
    const written = lastSeqInTail(this.#path, instance);
    this.#ledger.addEvent({ event: "crashed", instance, last_seq: seq, in_flight: inFlight, interrupted: 0 });
    this.#ledger.addPredecessorGap(instance, { from: written + 1, to: seq, records: seq - written });
  }
}

/** The state that the previous process left in the files, if it did not stop cleanly. */
interface LastRun {
  /** `undefined` if there was no such process, or if it stopped cleanly. */
  readonly crashed: { readonly instance: string; readonly lastSeq: number } | undefined;
  /** Number of requests in its journal. */
  readonly inFlight: number;
  /** Those of them that have no record. */
  readonly interrupted: readonly JournalEntry[];
  /** When it was last known to run, in epoch milliseconds; 0 if unknown. */
  readonly lastSeen: number;
}

/** Must be called before this process writes to the files. `path` is the stats file, with links resolved. */
function readLastRun(path: string): LastRun {
  const { events, journal } = companionFilesOf(path);
  const left = readJournal(journal);
  const entries = left?.entries ?? [];
  const instance = runningInstance(events) ?? (entries.length > 0 ? left?.instance : undefined);
  const lastSeq = instance === undefined ? 0 : lastSeqInTail(path, instance);
  const journalTime = left?.lastAt || statSync(journal, { throwIfNoEntry: false })?.mtimeMs;
  return {
    crashed: instance === undefined ? undefined : { instance, lastSeq },
    inFlight: entries.length,
    interrupted: unrecorded(path, entries),
    lastSeen: left === undefined ? 0 : (journalTime ?? 0),
  };
}

/** The requests whose records did not reach the file: a record is written before the journal drops its request. */
function unrecorded(path: string, entries: readonly JournalEntry[]): readonly JournalEntry[] {
  if (entries.length === 0) return entries;
  const recorded = idsInTail(path, new Set(entries.map(({ id }) => id)));
  return entries.filter(({ id }) => !recorded.has(id));
}

/** The JSON text of the record of a request whose end was not seen: it ends when the request was last known to run. */
function interruptedRecord(record: string, startedAt: number, lastSeen: number): string {
  const end = Math.max(lastSeen, startedAt);
  const timestamp = new Date(end).toISOString();
  return `{"timestamp":"${timestamp}",${record.slice(1, -1)},"duration_ms":${Math.round(end - startedAt)}}`;
}
