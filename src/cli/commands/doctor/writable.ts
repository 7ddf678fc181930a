import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** The reason why the file cannot be written or created, or `undefined`. Writes nothing. */
export function whyNotWritable(path: string): string | undefined {
  let at = resolve(path);
  try {
    if (statSync(at, { throwIfNoEntry: false })?.isDirectory() === true) return "it is a directory";
    while (statSync(at, { throwIfNoEntry: false }) === undefined) at = dirname(at);
    // `at` is the file itself, or its nearest existing ancestor, in which directories would be created.
    const isFile = at === resolve(path);
    if (!isFile && !statSync(at).isDirectory()) return `${at} is not a directory`;
    accessSync(at, isFile ? constants.W_OK : constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
