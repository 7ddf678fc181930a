import { fstatSync } from "node:fs";
import { dirname } from "node:path";
import type { LedgerFile } from "./ledger-file.ts";
import { fileAt, findSegments, isSame, seenAt, seenIn } from "./ledger-files.ts";
import type { Seen } from "../parquet/manifest.ts";
import { LineFile } from "../../jsonl/read-lines.ts";

/** A segment and its open file, which stays readable when the file is renamed. */
export interface Source {
  readonly file: LedgerFile;
  /** True if no process will complete its last line any more. */
  readonly finished: boolean;
  /** The caller closes it. */
  readonly open: () => LineFile;
}

/** A file that was deleted or moved to an unknown place, and is still open here. */
interface Orphan {
  readonly file: LedgerFile;
  readonly lines: LineFile;
}

/** By then, a process that had the file open when it was renamed has reopened the path. */
const FINISHED_MS = 10_000;
/** Finds changes that leave the directory unchanged, such as a file that was rewritten in place. */
const RESCAN_MS = 60_000;

/** Knows the current segments of the ledger without reading all of them each time. */
export class LedgerFollower {
  readonly #path: string;
  readonly #now: () => number;
  #files: readonly LedgerFile[] = [];
  #directory: Seen | undefined;
  #scannedAt = -Infinity;
  /** The file at the path, kept open. If it is moved to an unknown place, its last lines can still be read. */
  #open: { readonly id: string; readonly lines: LineFile } | undefined;
  #orphans: readonly Orphan[] = [];

  constructor(path: string, now: () => number) {
    this.#path = path;
    this.#now = now;
  }

  /** All segments, in order of time. */
  look(): readonly Source[] {
    this.#files = this.#mustScan() ? this.#scan() : this.#withLive();
    this.#openLive();
    this.#dropOrphans();
    return [...this.#orphans.map((orphan) => this.#orphaned(orphan)), ...this.#files.map((file) => this.#named(file))];
  }

  close(): void {
    this.#open?.lines.close();
    for (const { lines } of this.#orphans) lines.close();
    this.#open = undefined;
    this.#orphans = [];
  }

  #mustScan(): boolean {
    const directory = seenAt(dirname(this.#path), "directory");
    const isNew = directory === undefined || !isSame(this.#directory ?? null, directory);
    this.#directory = directory;
    return isNew || this.#now() - this.#scannedAt > RESCAN_MS;
  }

  #scan(): readonly LedgerFile[] {
    this.#scannedAt = this.#now();
    return findSegments(this.#path, new Map(this.#files.map((file) => [file.name, file])));
  }

  #withLive(): readonly LedgerFile[] {
    const before = this.#files.find(({ isLive }) => isLive);
    const seen = seenAt(this.#path);
    const isUnchanged = before !== undefined && seen !== undefined && isSame(before.seen, seen);
    const live = isUnchanged ? before : fileAt(this.#path, this.#path);
    if (live?.id !== before?.id) return this.#scan();
    const closed = this.#files.filter((file) => file !== before).map((file) => this.#refreshed(file));
    return live === undefined ? closed : [...closed, live];
  }

  /** A file that was renamed just now may still be written by a process that has it open. */
  #refreshed(file: LedgerFile): LedgerFile {
    const isYoung = this.#now() - file.seen.mtimeMs < RESCAN_MS;
    return isYoung ? (fileAt(file.path, this.#path, file) ?? file) : file;
  }

  #openLive(): void {
    const live = this.#files.find(({ isLive }) => isLive);
    const held = this.#open;
    if (held !== undefined && held.id === live?.id) return;
    if (held !== undefined) this.#release(held);
    this.#open = undefined;
    if (live === undefined) return;
    const lines = openIfPresent(live.path);
    // The file may have been moved since it was examined, so the open file is compared with what was found.
    if (lines === undefined) return;
    if (seenIn(fstatSync(lines.descriptor, { bigint: true })).inode === live.seen.inode) {
      this.#open = { id: live.id, lines };
    } else lines.close();
  }

  /** The open file is no longer at the path: it was renamed, truncated, or cannot be found. */
  #release({ id, lines }: { readonly id: string; readonly lines: LineFile }): void {
    const seen = seenIn(fstatSync(lines.descriptor, { bigint: true }));
    const isFound = this.#files.some((file) => file.id === id || file.seen.inode === seen.inode);
    if (isFound || seen.size === 0) lines.close();
    else this.#orphans = [...this.#orphans, { file: { path: this.#path, name: "", id, seen, isLive: false }, lines }];
  }

  #dropOrphans(): void {
    const isOver = ({ file }: Orphan): boolean =>
      this.#files.some(({ id }) => id === file.id) || this.#now() - file.seen.mtimeMs > 6 * FINISHED_MS;
    for (const { lines } of this.#orphans.filter(isOver)) lines.close();
    this.#orphans = this.#orphans.filter((orphan) => !isOver(orphan));
  }

  #orphaned({ file, lines }: Orphan): Source {
    const seen = seenIn(fstatSync(lines.descriptor, { bigint: true }));
    return {
      file: { ...file, seen },
      finished: this.#now() - seen.mtimeMs > FINISHED_MS,
      open: () => lines.again(),
    };
  }

  #named(file: LedgerFile): Source {
    return {
      file,
      finished: !file.isLive && this.#now() - file.seen.mtimeMs > FINISHED_MS,
      open: () => LineFile.open(file.path),
    };
  }
}

function openIfPresent(path: string): LineFile | undefined {
  try {
    return LineFile.open(path);
  } catch {
    // The file was moved or deleted just now. The next look sees the new state.
    return undefined;
  }
}
