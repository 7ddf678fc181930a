import { realpathSync, statSync, watch, type FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";

interface Watched {
  readonly watcher: FSWatcher;
  readonly inode: number;
}

/**
 * Reports changes of a file. It watches the file's directory, because a watch on the file follows its inode and misses the
 * second of two replacements by `mv`, by an editor or by a Kubernetes `..data` swap.
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

  /** Resolves the path again: its links may point elsewhere, and its directory may have been replaced. */
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
      // The system offers no watch (limits, file systems without events); polling finds the change later.
    }
  }

  /** Ignores other files: the ledger is usually in the same directory and writes all the time. */
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
    // The path is missing or its links form a loop; only its own name can be watched.
    return path;
  }
}

function inodeOf(directory: string): number | undefined {
  return statSync(directory, { throwIfNoEntry: false })?.ino;
}
