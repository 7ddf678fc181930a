import { errorCode } from "./errno.ts";

export interface Directories {
  /** Makes one, whose parent must be there; throws `EEXIST` and `ENOENT` as the system does. */
  make(path: string): void;
  parentOf(path: string): string;
}

/**
 * Makes a directory and those above it. Node's own way of doing so (`recursive`) never ends where the system says that
 * nothing is there however often the parent is made, as it does below `/proc`.
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
    makeLast(path, directories);
  }
}

function makeLast(path: string, directories: Directories): void {
  try {
    directories.make(path);
  } catch (error) {
    // Another process made it first.
    if (errorCode(error) !== "EEXIST") throw error;
  }
}
