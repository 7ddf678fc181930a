import type { Logger } from "../../core/log.ts";
import type { InFlightChange } from "../../core/request/in-flight.ts";
import { companionFilesOf } from "../writer/companion-files.ts";
import { InFlightJournal, type JournalEntry } from "./in-flight-journal.ts";
import { interruptedRecord } from "./interrupted-record.ts";
import { type CrashRecovery, recoverCrash, withoutRecord } from "./crash-recovery.ts";
import type { Ledger } from "../writer/ledger.ts";
import { lastNumber } from "./ledger-tail.ts";
import { followLinks } from "../writer/target.ts";

export interface InFlightRecoveryOptions {
  /** Of the stats file. */
  readonly path: string;
  readonly fileMode: number;
  readonly instance: string;
  /** A ledger of this process whose thread died, and the last number that it gave. */
  readonly replaces: { readonly instance: string; readonly seq: number } | undefined;
  readonly now: () => number;
  readonly log: Logger;
}

/** The calls that run, as far as the ledger was told, and the records of those whose end nobody saw. */
export class InFlightRecovery {
  /** Records written for such calls. */
  interrupted = 0;
  readonly #ledger: Ledger;
  readonly #options: InFlightRecoveryOptions;
  readonly #path: string;
  readonly #journal: InFlightJournal;
  /** Over, but their records wait in memory: until those are written, the journal speaks for them. */
  #leaving = new Set<string>();
  #begun = false;

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
    this.tend();
  }

  /** To be called now and then. As soon as the files are ours, what was left beside them is settled. */
  tend(): void {
    if (!this.#begun && this.#ledger.holdsLock) this.#begin();
    if (this.#leaving.size > 0 && this.#ledger.isDrained) {
      this.#journal.update("", { alive: [], gone: [...this.#leaving] });
      this.#leaving = new Set();
    }
    if (this.#begun) this.#journal.beat();
  }

  /** The records of those that are gone have been appended. */
  change(thread: string, { alive, gone }: InFlightChange): void {
    if (this.#leaving.size === 0 && this.#ledger.isDrained) this.#journal.update(thread, { alive, gone });
    else {
      this.#journal.update(thread, { alive, gone: [] });
      for (const id of gone) this.#leaving.add(id);
      this.tend();
    }
  }

  /**
   * A data thread that this ledger hears of for the first time says which of its calls run, and whose records come now.
   * Others that a ledger before this one knew are over, and without a record lost it with that ledger; returns how many.
   */
  met(thread: string, change: InFlightChange | undefined): number {
    const ids = new Set([...(change?.alive ?? []).map(({ id }) => id), ...(change?.gone ?? [])]);
    const over = this.#runningOn(thread).filter(({ id }) => !ids.has(id));
    const lost = withoutRecord(this.#path, over);
    this.#interrupt(lost, this.#options.now());
    this.change(thread, { alive: [], gone: over.map(({ id }) => id) });
    return lost.length;
  }

  /** A data thread died, and its calls with it. */
  died(thread: string): void {
    const entries = this.#runningOn(thread);
    this.#interrupt(entries, this.#options.now());
    const { instance } = this.#options;
    this.#ledger.note({ event: "thread_died", instance, thread, interrupted: entries.length });
  }

  /** Behind the last record. */
  close(): void {
    this.tend();
    this.#journal.close();
  }

  #runningOn(thread: string): readonly JournalEntry[] {
    return this.#journal.entriesOf(thread).filter(({ id }) => !this.#leaving.has(id));
  }

  #interrupt(entries: readonly JournalEntry[], lastSeen: number): void {
    if (entries.length === 0) return;
    for (const entry of entries) this.#ledger.append(interruptedRecord(entry, lastSeen));
    this.#ledger.flush();
    this.interrupted += entries.length;
    this.change("", { alive: [], gone: entries.map(({ id }) => id) });
  }

  #begin(): void {
    this.#begun = true;
    const { instance, replaces } = this.#options;
    const last = recoverCrash(this.#path);
    this.#journal.adopt(last.interrupted);
    if (replaces === undefined) this.#recover(last);
    else this.#takeOver(replaces, last);
    this.#ledger.note({ event: "started", instance, replaces: replaces?.instance });
  }

  #recover({ crashed, inFlight, interrupted, lastSeen }: CrashRecovery): void {
    this.#interrupt(interrupted, lastSeen);
    if (crashed === undefined) return;
    const { instance, lastSeq } = crashed;
    const counts = { in_flight: inFlight, interrupted: interrupted.length };
    const last_seen = lastSeen > 0 ? new Date(lastSeen).toISOString() : undefined;
    this.#ledger.note({ event: "crashed", instance, last_seq: lastSeq, last_seen, ...counts });
    this.#options.log.warn(
      {
        instance,
        lastSeq,
        lastSeen: last_seen,
        ...counts,
      },
      "the process before this one did not end in order",
    );
  }

  /** The data threads live on, and will say which of their calls run. */
  #takeOver({ instance, seq }: { readonly instance: string; readonly seq: number }, { inFlight }: CrashRecovery): void {
    const written = lastNumber(this.#path, instance);
    this.#ledger.note({ event: "crashed", instance, last_seq: seq, in_flight: inFlight, interrupted: 0 });
    this.#ledger.lostBy(instance, { from: written + 1, to: seq, records: seq - written });
  }
}
