import { realpathSync, statSync, watch, type FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";

interface Watched {
  readonly watcher: FSWatcher;
  readonly inode: number;
}

/**
 * Tells when a name in a file's directory changes. The directory is watched and not the file: a watch on a file follows
 * the inode, and sees only the first of two replacements by `mv`, an editor, or a Kubernetes `..data` swap.
 */
export class DirectoryWatch {
  readonly #path: string;
  readonly #onEvent: () => void;
  readonly #watched = new Map<string, Watched>();
  #names = new Set<string>();

  constructor(path: string, onEvent: () => void) {
    this.#path = path;
    this.#onEvent = onEvent;
    this.refresh();
  }

  /** Follows the path anew: its links may point elsewhere, its directory may have been replaced. */
  refresh(): void {
    const target = resolveLinks(this.#path);
    this.#names = new Set([basename(this.#path), basename(target)]);
    const wanted = new Set([dirname(this.#path), dirname(target)]);
    for (const directory of this.#watched.keys()) if (!wanted.has(directory)) this.#drop(directory);
    for (const directory of wanted) this.#follow(directory);
  }

  close(): void {
    for (const directory of this.#watched.keys()) this.#drop(directory);
  }

  #follow(directory: string): void {
    const inode = inodeOf(directory);
    if (this.#watched.get(directory)?.inode === inode && inode !== undefined) return;
    this.#drop(directory);
    if (inode === undefined) return;
    try {
      const watcher = watch(directory, (_event, name) => {
        if (this.#concerns(name)) this.#onEvent();
      });
      watcher.on("error", () => this.#drop(directory));
      this.#watched.set(directory, { watcher, inode });
    } catch {
      // No watch to be had (limits, file systems without events): the poll sees the change, only later.
    }
  }

  /** The ledger usually lives in the same directory and writes all the time. */
  #concerns(name: string | null): boolean {
    return name === null || this.#names.has(name) || name.startsWith("..");
  }

  #drop(directory: string): void {
    this.#watched.get(directory)?.watcher.close();
    this.#watched.delete(directory);
  }
}

function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Missing or looping: the name itself is all there is to watch.
    return path;
  }
}

function inodeOf(directory: string): number | undefined {
  return statSync(directory, { throwIfNoEntry: false })?.ino;
}
