import { copyFileSync, mkdirSync, rmSync } from "node:fs";
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
/** Several processes may repair the file at the same time, each what another one has half written. */
const MAX_REPAIRS = 20;

/**
 * Only one process changes the store at a time; any number may read it. The lock is a lock of the operating system on a
 * small database file that DuckDB holds open, so it is released however the process ends.
 */
export async function withStoreLock<T>(directory: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  const path = join(directory, "lock");
  let waitedMs = 0;
  let repairs = 0;
  let instance: DuckDBInstance;
  for (;;) {
    try {
      instance = await DuckDBInstance.create(path, { threads: "1" });
      break;
    } catch (error) {
      if (!isHeld(error)) {
        if (repairs === MAX_REPAIRS || !isTorn(error)) throw error;
        repairs++;
        await repair(path);
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

/**
 * A full disk can leave half of the file. It is overwritten, not replaced, because another process that repairs it at the
 * same time may already hold its lock on it.
 */
async function repair(path: string): Promise<void> {
  const whole = `${path}.${process.pid}`;
  try {
    (await DuckDBInstance.create(whole, { threads: "1" })).closeSync();
    copyFileSync(whole, path);
  } finally {
    rmSync(whole, { force: true });
  }
}

function isHeld(error: unknown): boolean {
  return error instanceof Error && /could not set lock|being used by another process/i.test(error.message);
}

function isTorn(error: unknown): boolean {
  return error instanceof Error && /could not read enough bytes|not a valid DuckDB|checksum/i.test(error.message);
}
