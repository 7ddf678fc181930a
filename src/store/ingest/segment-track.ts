import { createHash, type Hash } from "node:crypto";
import type { LedgerFile } from "./ledger-file.ts";
import { isSame } from "./ledger-files.ts";
import type { Seen, SegmentState } from "../parquet/manifest.ts";
import { LineFile } from "../../jsonl/read-lines.ts";

export interface IngestCounts {
  readonly records: number;
  readonly bad: number;
  readonly duplicates: number;
  readonly firstTs: string | undefined;
  readonly lastTs: string | undefined;
}

/** Tracks how far one segment was read: the state in the manifest, and what was read into memory since. */
export class SegmentTrack {
  readonly id: string;
  #state: SegmentState;
  #hash: Hash = createHash("sha256");
  /** Where the hash begins. Nothing beyond it is in Parquet. */
  #hashedFrom: number;

  constructor(file: Pick<LedgerFile, "id" | "name">, state?: SegmentState) {
    this.id = file.id;
    this.#state = state ?? { ...EMPTY, id: file.id, name: file.name };
    this.#hashedFrom = this.#state.bytes;
  }

  get bytes(): number {
    return this.#state.bytes;
  }

  /** The time of the earliest record that was read; `null` if there is none. */
  get firstTs(): string | null {
    return this.#state.firstTs;
  }

  get name(): string {
    return this.#state.name;
  }

  /** True if some of it is in memory and not yet in Parquet. */
  get hasUnwritten(): boolean {
    return this.#state.bytes > this.#hashedFrom;
  }

  add(bytes: Buffer, end: number, counts: IngestCounts): void {
    this.#hash.update(bytes);
    const state = this.#state;
    this.#state = {
      ...state,
      bytes: end,
      records: state.records + counts.records,
      bad: state.bad + counts.bad,
      duplicates: state.duplicates + counts.duplicates,
      firstTs: earlier(state.firstTs, counts.firstTs),
      lastTs: later(state.lastTs, counts.lastTs),
    };
  }

  /**
   * True if the file still begins with the bytes that were read. A file that only grew is not read for this; a closed
   * file is read once after each change.
   */
  stillHolds(file: LedgerFile): boolean {
    const { seen } = this.#state;
    const grew = seen !== null && seen.inode === file.seen.inode && seen.size <= file.seen.size;
    const isUnchanged = isSame(seen, file.seen) || (file.isLive && grew);
    if (!isUnchanged && !(file.seen.size >= this.bytes && this.isDigestOf(file.path))) return false;
    this.#state = { ...this.#state, name: file.name, seen: file.seen };
    return true;
  }

  /** The state to write into the manifest once everything that was read is in Parquet. */
  stateToWrite(): SegmentState {
    if (!this.hasUnwritten) return this.#state;
    const range = { end: this.bytes, sha256: this.#hash.copy().digest("hex") };
    return { ...this.#state, ranges: [...this.#state.ranges, range] };
  }

  /** True if the file holds the bytes that were read. */
  isDigestOf(path: string): boolean {
    let file: LineFile | undefined;
    try {
      file = LineFile.open(path);
      let from = 0;
      for (const { end, sha256 } of this.stateToWrite().ranges) {
        const hash = createHash("sha256");
        for (const bytes of file.range(from, end)) hash.update(bytes);
        if (hash.digest("hex") !== sha256) return false;
        from = end;
      }
      return true;
    } catch {
      // The file cannot be read, so no difference is known.
      return true;
    } finally {
      file?.close();
    }
  }
}

const EMPTY: SegmentState = {
  id: "",
  name: "",
  bytes: 0,
  records: 0,
  bad: 0,
  duplicates: 0,
  firstTs: null,
  lastTs: null,
  ranges: [],
  seen: null satisfies Seen | null,
};

// Times are `toISOString()` texts, which sort by time.
function earlier(one: string | null, other: string | undefined): string | null {
  if (other === undefined) return one;
  return one === null || other < one ? other : one;
}

function later(one: string | null, other: string | undefined): string | null {
  if (other === undefined) return one;
  return one === null || other > one ? other : one;
}
