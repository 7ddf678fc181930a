import { findSegments } from "../ingest/ledger-files.ts";
import { readManifest, type Manifest } from "../parquet/manifest.ts";

// A store belongs to one ledger. Two ledgers in one store would be summed as one, and each gateway would overwrite what
// the other has written.

/** The store at this path belongs to another ledger. */
export class ForeignStore extends Error {}

/** The manifest of a store. Throws `ForeignStore` if it belongs to another ledger than the one at this real path. */
export function readOwnManifest(directory: string, ledgerPath: string): Manifest {
  const manifest = readManifest(directory);
  if (isOwnedBy(manifest, ledgerPath)) return manifest;
  throw new ForeignStore(
    `${directory} is the query store of ${manifest.ledger}. Set store.path to a folder that only ${ledgerPath} uses.`,
  );
}

/**
 * A ledger that was moved, or is mounted at another path, is known by its segments. A manifest of an earlier version names
 * no ledger and belongs to the first one that writes to it.
 */
export function isOwnedBy({ ledger, segments }: Manifest, ledgerPath: string): boolean {
  if (ledger === undefined || ledger === ledgerPath || segments.length === 0) return true;
  const known = new Set(segments.map(({ id }) => id));
  return findSegments(ledgerPath).some(({ id }) => known.has(id));
}
