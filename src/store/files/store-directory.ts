import { statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import type { Settings, StoreSettings } from "../../config/settings.ts";
import { realLedgerPath } from "../ingest/ledger-files.ts";
import { manifestPath, readManifest } from "../parquet/manifest.ts";
import { isOwnedBy } from "./store-owner.ts";

/** The settings of a store whose folder is known. */
export type LocatedStore = StoreSettings & { readonly path: string };

/** The default of earlier versions, relative to the working directory. */
const EARLIER_DEFAULT = "data/store";

/**
 * `store.path`; if it is not set, `store` beside the stats file, so that gateways that are started from one directory do not
 * share a store. A store at the earlier default is used as long as it belongs to this ledger: it may hold records whose
 * stats files were deleted.
 */
export function locateStore({ store, stats }: Pick<Settings, "store" | "stats">): LocatedStore {
  return { ...store, path: store.path ?? defaultFor(stats.outputPath) };
}

function defaultFor(outputPath: string): string {
  // A pipe or a device has no folder of its own.
  if (statSync(outputPath, { throwIfNoEntry: false })?.isFile() === false) return EARLIER_DEFAULT;
  const stem = basename(outputPath, extname(outputPath));
  const beside = join(dirname(outputPath), stem === "stats" ? "store" : `${stem}.store`);
  return hasStore(beside) || !isEarlierStoreOf(outputPath) ? beside : EARLIER_DEFAULT;
}

function hasStore(directory: string): boolean {
  return statSync(manifestPath(directory), { throwIfNoEntry: false }) !== undefined;
}

function isEarlierStoreOf(outputPath: string): boolean {
  if (!hasStore(EARLIER_DEFAULT)) return false;
  try {
    const manifest = readManifest(EARLIER_DEFAULT);
    // Without a name only its segments say whose it is.
    return manifest.segments.length > 0 && isOwnedBy({ ledger: "", ...manifest }, realLedgerPath(outputPath));
  } catch {
    // It cannot be read, so it holds nothing for this ledger.
    return false;
  }
}
