/** What the demo's gateway would have written down in the month before, made up. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { historyKeys, type HistoryKey } from "./history-profiles.ts";
import { historyLines } from "./history.ts";

export const HISTORY_DAYS = 30;
const OWNERS = 12;
const SEED = 20_26;
/** Written at once, in lines. */
const BLOCK = 2000;

export interface HistoryOptions {
  readonly directory: string;
  readonly records: number;
  /** The last moment, epoch milliseconds. */
  readonly until: number;
  readonly onProgress: (done: number, all: number) => void;
  readonly signal: AbortSignal;
}

/** Writes a segment of the ledger as rotation leaves one. */
export async function writeHistory({ directory, records, until, onProgress, signal }: HistoryOptions): Promise<void> {
  if (records === 0) return;
  const stamp = new Date(until).toISOString().replaceAll(/[-:]/g, "");
  const file = await open(join(directory, `stats-${stamp}.jsonl`), "wx", 0o640);
  try {
    let done = 0;
    let block: string[] = [];
    for (const { text } of historyLines({ count: records, until, days: HISTORY_DAYS, owners: OWNERS, seed: SEED })) {
      block.push(text);
      done++;
      if (block.length < BLOCK && done < records) continue;
      await file.appendFile(block.join(""));
      block = [];
      signal.throwIfAborted();
      onProgress(done, records);
    }
  } finally {
    await file.close();
  }
}

export interface CompanyKey extends HistoryKey {
  readonly secret: string;
}

/** The keys of those who made that history; they go on calling. */
export function companyKeys(): readonly CompanyKey[] {
  return historyKeys(OWNERS).map((key) => ({ ...key, secret: `sk-demo-${key.id}-${key.maskedKey}` }));
}
