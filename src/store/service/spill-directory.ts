import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";

const PREFIX = "spill-";
const TOUCH_MS = 10 * 60_000;
/** The process of a folder that was not touched for so long has ended. */
const ABANDONED_MS = 60 * 60_000;

/**
 * Makes a folder for what does not fit into the database's memory, for this process alone: DuckDB gives its files the same
 * names in each process, and two processes that share a folder read each other's memory. Removes the folders of processes
 * that were killed.
 */
export function openSpillDirectory(store: string, now: () => number): string {
  mkdirSync(store, { recursive: true, mode: 0o750 });
  for (const name of readdirSync(store)) {
    // Earlier versions had one folder of this name.
    if (name === "spill" || name.startsWith(PREFIX)) removeIfAbandoned(join(store, name), now());
  }
  const directory = mkdtempSync(join(store, PREFIX));
  setInterval(() => touch(directory, now()), TOUCH_MS).unref();
  return directory;
}

function removeIfAbandoned(directory: string, now: number): void {
  const touchedAt = statSync(directory, { throwIfNoEntry: false })?.mtimeMs;
  if (touchedAt !== undefined && now - touchedAt > ABANDONED_MS) rmSync(directory, { recursive: true, force: true });
}

function touch(directory: string, now: number): void {
  try {
    utimesSync(directory, now / 1000, now / 1000);
  } catch {
    // A full or missing disk; the database will say so when it needs the folder.
  }
}
