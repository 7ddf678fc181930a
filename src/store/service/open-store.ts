import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCode } from "../../core/errno.ts";
import type { Settings } from "../../config/settings.ts";
import { LocalReader } from "./local-reader.ts";
import type { StoreReader } from "../schema/reader.ts";
import { locateStore } from "../files/store-directory.ts";
import { Store, type OnProgress } from "../files/store.ts";
import { StoreBusy } from "../files/store-lock.ts";

// The store in the process of a command, with or without a running gateway.

export interface OfflineOptions {
  readonly settings: Pick<Settings, "store" | "stats">;
  readonly now: () => number;
  readonly onProgress?: OnProgress | undefined;
  /** Ignore the existing store. */
  readonly fresh?: boolean;
}

export interface OfflineStore {
  readonly store: Store;
  readonly reader: StoreReader;
  close(): Promise<void>;
}

/**
 * If the ledger has more than this beyond the store, it is written to Parquet, so that the next command need not read
 * it again.
 */
const COMPACT_BYTES = 64 * 1024 * 1024;

/** Opens the store as it is on disk, without reading what the ledger holds beyond it. */
export async function openStore({ settings, now, fresh = false }: OfflineOptions): Promise<OfflineStore> {
  const { path: directory, memoryMegabytes, threads } = locateStore(settings);
  // Not named after the process alone: two containers may share the folder, and their processes a number.
  const spillDirectory = join(tmpdir(), `lmgate-${randomUUID()}`);
  const ledgerPath = settings.stats.outputPath;
  const store = await Store.open({ ledgerPath, directory, memoryMegabytes, threads, spillDirectory, now, fresh });
  const reader = new LocalReader({ use: (work) => store.read(work), now, directory: spillDirectory });
  return {
    store,
    reader,
    close: async () => {
      await store.close();
      rmSync(spillDirectory, { recursive: true, force: true });
    },
  };
}

/** Opens the store and reads everything that the ledger holds. */
export async function openOffline(options: OfflineOptions): Promise<OfflineStore> {
  const offline = await openStore(options);
  const { onProgress } = options;
  try {
    await offline.store.refresh({ compactAt: COMPACT_BYTES, onProgress });
  } catch (error) {
    if (!isWriteDenied(error)) {
      await offline.close();
      throw error;
    }
    await offline.store.refresh({ onProgress });
  }
  return offline;
}

/** True if this process may not change the store: a gateway is changing it, or the files are not writable. */
function isWriteDenied(error: unknown): boolean {
  if (error instanceof StoreBusy) return true;
  const code = errorCode(error);
  return code === "EACCES" || code === "EPERM" || code === "EROFS";
}
