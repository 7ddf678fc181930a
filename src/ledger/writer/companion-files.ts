import { basename, dirname, extname, join } from "node:path";

/** The files that the ledger keeps beside a stats file. */
export interface CompanionFiles {
  readonly events: string;
  readonly journal: string;
}

/** Named plainly beside `stats.jsonl`, and after the file beside any other, since two may share a directory. */
export function companionFilesOf(path: string): CompanionFiles {
  const stem = basename(path, extname(path));
  const prefix = stem === "stats" ? "" : `${stem}.`;
  const directory = dirname(path);
  return {
    events: join(directory, `${prefix}ledger-events.jsonl`),
    journal: join(directory, `${prefix}inflight.journal`),
  };
}

/** The stats file that a closed segment was before it was renamed; any other path as it is. */
export function unrotated(path: string): string {
  return path.replace(/-\d{8}T\d{6}\.\d{3}Z(\.[^./]*)?$/, "$1");
}
