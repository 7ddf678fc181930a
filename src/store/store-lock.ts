import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";

/** Another process changes the store at the moment. */
export class StoreBusy extends Error {
  constructor(directory: string, options: ErrorOptions) {
    super(`another process changes ${directory} at the moment`, options);
    this.name = "StoreBusy";
  }
}

const RETRY_MS = 250;

/**
 * Only one process changes the store at a time; any may read it. The lock is one of the operating system's, on a small
 * database file that DuckDB holds open, so it ends with the process however that ends.
 */
export async function withStoreLock<T>(directory: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  const path = join(directory, "lock");
  let waitedMs = 0;
  let instance: DuckDBInstance;
  for (;;) {
    try {
      instance = await DuckDBInstance.create(path, { threads: "1" });
      break;
    } catch (error) {
      if (!(error instanceof Error && /lock/i.test(error.message))) throw error;
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
