import { statSync } from "node:fs";
import { companionFilesOf } from "../writer/companion-files.ts";
import { type JournalEntry, type LeftJournal, readJournal } from "./in-flight-journal.ts";
import { lastEvents } from "../events/event-tail.ts";
import { idsInTail, lastNumber } from "./ledger-tail.ts";

// What the process before this one left behind, if it did not end in order.

export interface CrashRecovery {
  /** `undefined`: there was none, or it ended in order. */
  readonly crashed: { readonly instance: string; readonly lastSeq: number } | undefined;
  /** Calls that ran when it was last heard of. */
  readonly inFlight: number;
  /** Those of them that have no record. */
  readonly interrupted: readonly JournalEntry[];
  /** When it was last heard of; 0 where nobody knows. */
  readonly lastSeen: number;
}

/** `path` is that of the stats file, links followed. To be asked before anything is written beside it. */
export function recoverCrash(path: string): CrashRecovery {
  const { events, journal } = companionFilesOf(path);
  const left = readJournal(journal);
  const entries = left?.entries ?? [];
  const instance = lastEvents(events).running ?? (entries.length > 0 ? left?.instance : undefined);
  const lastSeq = instance === undefined ? 0 : lastNumber(path, instance);
  return {
    crashed: instance === undefined ? undefined : { instance, lastSeq },
    inFlight: entries.length,
    interrupted: withoutRecord(path, entries),
    lastSeen: left === undefined ? 0 : lastSeenOf(left, journal),
  };
}

/** Those whose records did not reach the file: a record is written before the journal lets its call go. */
export function withoutRecord(path: string, entries: readonly JournalEntry[]): readonly JournalEntry[] {
  if (entries.length === 0) return entries;
  const recorded = idsInTail(path, new Set(entries.map(({ id }) => id)));
  return entries.filter(({ id }) => !recorded.has(id));
}

function lastSeenOf({ lastAt }: LeftJournal, path: string): number {
  return lastAt > 0 ? lastAt : (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
}
