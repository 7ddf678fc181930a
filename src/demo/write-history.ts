/** Writes generated records for the month before the demo, and lists the keys that they belong to. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { historyKeys, type HistoryKey } from "./history-profiles.ts";
import { historyLines } from "./history-records.ts";

export const HISTORY_DAYS = 30;
const OWNERS = 12;
const SEED = 20_26;
const LINES_PER_WRITE = 2000;

export type OnProgress = (done: number, total: number) => void;

export interface WriteHistoryOptions {
  readonly directory: string;
  readonly records: number;
  /** End of the history, epoch milliseconds. */
  readonly until: number;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** Writes a closed segment of the ledger. */
export async function writeHistory({
  directory,
  records,
  until,
  onProgress,
  signal,
}: WriteHistoryOptions): Promise<void> {
  if (records === 0) return;
  const stamp = new Date(until).toISOString().replaceAll(/[-:]/g, "");
  const file = await open(join(directory, `stats-${stamp}.jsonl`), "wx", 0o640);
  try {
    let done = 0;
    let lines: string[] = [];
    for (const { text } of historyLines({ count: records, until, days: HISTORY_DAYS, owners: OWNERS, seed: SEED })) {
      lines.push(text);
      done++;
      if (lines.length < LINES_PER_WRITE && done < records) continue;
      await file.appendFile(lines.join(""));
      lines = [];
      signal.throwIfAborted();
      onProgress(done, records);
    }
  } finally {
    await file.close();
  }
}

export interface HistoryClientKey extends HistoryKey {
  readonly secret: string;
}

/** The keys of the history; the live traffic uses them too. */
export function historyClientKeys(): readonly HistoryClientKey[] {
  return historyKeys(OWNERS).map((key) => ({ ...key, secret: `sk-demo-${key.id}-${key.maskedKey}` }));
}
