import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Why a file could not be written there, in the system's words, or made where it does not exist. Writes nothing. */
export function whyNotWritable(path: string): string | undefined {
  let at = resolve(path);
  try {
    if (statSync(at, { throwIfNoEntry: false })?.isDirectory() === true) return "it is a directory";
    while (statSync(at, { throwIfNoEntry: false }) === undefined) at = dirname(at);
    // What is found is the file, or the directory in which it and its own would be made.
    const isFile = at === resolve(path);
    if (!isFile && !statSync(at).isDirectory()) return `${at} is no directory`;
    accessSync(at, isFile ? constants.W_OK : constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
