import type { Seen } from "../parquet/manifest.ts";

/** A segment of the ledger, as a file. */
export interface LedgerFile {
  readonly path: string;
  readonly name: string;
  /** The id of the first record; of a line without one, its digest. */
  readonly id: string;
  readonly seen: Seen;
  /** It stands at the path that the gateway writes to. */
  readonly isLive: boolean;
}
