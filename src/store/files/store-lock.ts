import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";

/** Another process is changing the store. */
export class StoreBusy extends Error {
  constructor(directory: string, options: ErrorOptions) {
    super(`another process is changing ${directory}`, options);
    this.name = "StoreBusy";
  }
}

const RETRY_MS = 250;

/**
 * Only one process changes the store at a time; any number may read it. The lock is a lock of the operating system on a
 * small database file that DuckDB holds open, so it is released however the process ends.
 */
export async function withStoreLock<T>(directory: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  const path = join(directory, "lock");
  let waitedMs = 0;
  let isBroken = false;
  let instance: DuckDBInstance;
  for (;;) {
    try {
      instance = await DuckDBInstance.create(path, { threads: "1" });
      break;
    } catch (error) {
      if (!isHeld(error)) {
        if (isBroken || !isTorn(error)) throw error;
        // A full disk can leave half of the file. Only the process that holds the lock could open it.
        rmSync(path, { force: true });
        isBroken = true;
        continue;
      }
      if (waitedMs >= waitMs) throw new StoreBusy(directory, { cause: error });
      await pause(RETRY_MS);
      waitedMs += RETRY_MS;
    }
  }
  try {
    return await work();
  } finally {
    instance.closeSync();
  }
}

function isHeld(error: unknown): boolean {
  return error instanceof Error && /could not set lock|being used by another process/i.test(error.message);
}

function isTorn(error: unknown): boolean {
  return error instanceof Error && /could not read enough bytes|not a valid DuckDB|checksum/i.test(error.message);
}
