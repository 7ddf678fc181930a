import { errorCode } from "./errno.ts";

export interface Directories {
  /** Creates one directory. Throws `EEXIST` if it exists, and `ENOENT` if its parent does not. */
  make(path: string): void;
  parentOf(path: string): string;
}

/**
 * Creates a directory and its parents. Node's `recursive` option loops for ever where the system keeps reporting that the
 * parent is missing, as it does below `/proc`.
 */
export function makeDirectories(path: string, directories: Directories): void {
  try {
    directories.make(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST") return;
    const parent = directories.parentOf(path);
    if (code !== "ENOENT" || parent === path) throw error;
    makeDirectories(parent, directories);
    makeOne(path, directories);
  }
}

function makeOne(path: string, directories: Directories): void {
  try {
    directories.make(path);
  } catch (error) {
    // Another process made it first.
    if (errorCode(error) !== "EEXIST") throw error;
  }
}
