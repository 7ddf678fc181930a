import { randomUUID } from "node:crypto";
import { readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../core/errno.ts";

const PREFIX = "spill-";
const TOUCH_MS = 10 * 60_000;
/** The process of a folder that was not touched for so long has ended. */
const ABANDONED_MS = 60 * 60_000;

/**
 * Names a folder for what does not fit into the database's memory, for this process alone: DuckDB gives its files the same
 * names in each process, and two processes that share a folder overwrite each other's files. The folder is created when it is
 * needed and removed when the process exits. Those of processes that were killed are removed here.
 */
export function openSpillDirectory(store: string, now: () => number): string {
  for (const name of namesIn(store)) {
    // Earlier versions had one folder of this name.
    if (name === "spill" || name.startsWith(PREFIX)) removeIfAbandoned(join(store, name), now());
  }
  const directory = join(store, PREFIX + randomUUID());
  setInterval(() => touch(directory, now()), TOUCH_MS).unref();
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return []; // Opening the store reports what is wrong with its folder.
  }
}

function removeIfAbandoned(directory: string, now: number): void {
  const touchedAt = statSync(directory, { throwIfNoEntry: false })?.mtimeMs;
  if (touchedAt !== undefined && now - touchedAt > ABANDONED_MS) rmSync(directory, { recursive: true, force: true });
}

function touch(directory: string, now: number): void {
  try {
    utimesSync(directory, now / 1000, now / 1000);
  } catch (error) {
    if (errorCode(error) === undefined) throw error; // Otherwise it was not needed yet.
  }
}
