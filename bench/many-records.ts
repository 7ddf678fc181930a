// Writes a ledger of millions of records, with closed segments and an active one, as a gateway would.
import { closeSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { historyLines, type HistoryOptions } from "../src/demo/history-records.ts";

export interface ManyRecordsOptions extends Partial<Omit<HistoryOptions, "count">> {
  readonly segmentBytes?: number;
  /** Closes the last segment too. */
  readonly closed?: boolean;
}

const BLOCK = 4 * 1024 * 1024;

/** Writes `directory/stats.jsonl` and rotated segments; calls `progress` with the number of records so far. */
export function writeManyRecords(
  directory: string,
  count: number,
  progress: (records: number) => void = () => undefined,
  options: ManyRecordsOptions = {},
): void {
  const { until = Date.now(), days = 90, owners = 40, seed = 1, segmentBytes = 100 * 1024 * 1024 } = options;
  const { closed = false } = options;
  mkdirSync(directory, { recursive: true });
  const segment = new SegmentWriter(directory, segmentBytes, closed ? "earlier.jsonl" : "stats.jsonl");
  let records = 0;
  for (const { at, text } of historyLines({ count, until, days, owners, seed })) {
    if (segment.add(text, at)) progress(records);
    records++;
  }
  if (closed) segment.close(until);
  else segment.end();
  progress(records);
}

class SegmentWriter {
  readonly #directory: string;
  readonly #path: string;
  readonly #maxBytes: number;
  #fd: number;
  #block: string[] = [];
  #blockBytes = 0;
  #bytes = 0;

  constructor(directory: string, maxBytes: number, name: string) {
    this.#directory = directory;
    this.#path = join(directory, name);
    this.#maxBytes = maxBytes;
    this.#fd = openSync(this.#path, "wx");
  }

  /** Returns true after writing a block to disk. The lines are ASCII, so characters are bytes. */
  add(line: string, at: number): boolean {
    if (this.#bytes > 0 && this.#bytes + line.length > this.#maxBytes) this.#rotate(at);
    this.#block.push(line);
    this.#blockBytes += line.length;
    this.#bytes += line.length;
    if (this.#blockBytes < BLOCK) return false;
    this.#flush();
    return true;
  }

  end(): void {
    this.#flush();
    closeSync(this.#fd);
  }

  /** Closes the segment under the name that rotation would give it. */
  close(at: number): void {
    this.end();
    const stamp = new Date(at).toISOString().replaceAll(/[-:]/g, "");
    renameSync(this.#path, join(this.#directory, `stats-${stamp}.jsonl`));
  }

  #rotate(at: number): void {
    this.close(at);
    this.#fd = openSync(this.#path, "wx");
    this.#bytes = 0;
  }

  #flush(): void {
    const bytes = Buffer.from(this.#block.join(""), "latin1");
    let written = 0;
    while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
    this.#block = [];
    this.#blockBytes = 0;
  }
}
