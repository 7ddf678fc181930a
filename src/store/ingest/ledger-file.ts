import type { Seen } from "../parquet/manifest.ts";

/** A segment of the ledger, as a file. */
export interface LedgerFile {
  readonly path: string;
  readonly name: string;
  /** The id of the first record, or the digest of its line if it has none. */
  readonly id: string;
  readonly seen: Seen;
  /** True if the gateway writes to this path. */
  readonly isLive: boolean;
}
