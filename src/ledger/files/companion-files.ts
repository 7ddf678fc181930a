import { basename, dirname, extname, join } from "node:path";

/** The files that the ledger keeps beside a stats file. */
export interface CompanionFiles {
  readonly events: string;
  readonly journal: string;
}

/** Two stats files may share a directory: only the companions of `stats.jsonl` go without its name as a prefix. */
export function companionFilesOf(path: string): CompanionFiles {
  const stem = basename(path, extname(path));
  const prefix = stem === "stats" ? "" : `${stem}.`;
  const directory = dirname(path);
  return {
    events: join(directory, `${prefix}ledger-events.jsonl`),
    journal: join(directory, `${prefix}inflight.journal`),
  };
}
