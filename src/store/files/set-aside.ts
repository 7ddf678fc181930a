import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { ManifestError, readManifest } from "../parquet/manifest.ts";
import { withStoreLock } from "./store-lock.ts";

/** What a store could not be used for, and where its files are now. */
export interface SetAside {
  readonly reason: string;
  readonly movedTo: string;
}

const LOCK_WAIT_MS = 5_000;
/** The files of a store. The lock, the events and temporary files stay where they are. */
const STORE_FILES = /^(?:manifest|calls-|hours-)/;

/**
 * Moves a store whose manifest cannot be used into a folder of its own, so that a new one is built from the ledger. Returns
 * `undefined` if the manifest can be used. Nothing is deleted: the store may be the last place of some records.
 */
export async function setAsideIfUnusable(directory: string, now: number): Promise<SetAside | undefined> {
  if (whyUnusable(directory) === undefined) return undefined;
  return await withStoreLock(directory, LOCK_WAIT_MS, () => {
    // Another process may have done it in the meantime.
    const reason = whyUnusable(directory);
    if (reason === undefined) return Promise.resolve(undefined);
    const movedTo = freeName(join(directory, `unusable-${new Date(now).toISOString().replaceAll(/[-:]/g, "")}`));
    mkdirSync(movedTo, { mode: 0o750 });
    const files = readdirSync(directory).filter((name) => STORE_FILES.test(name));
    // The manifest last: if this stops half-way, the next start continues.
    for (const name of files.toSorted()) renameSync(join(directory, name), join(movedTo, name));
    return Promise.resolve({ reason, movedTo });
  });
}

function whyUnusable(directory: string): string | undefined {
  try {
    readManifest(directory);
    return undefined;
  } catch (error) {
    if (error instanceof ManifestError) return error.message;
    throw error;
  }
}

function freeName(path: string): string {
  for (let nth = 1; ; nth++) {
    const name = nth === 1 ? path : `${path}-${nth}`;
    if (!existsSync(name)) return name;
  }
}
