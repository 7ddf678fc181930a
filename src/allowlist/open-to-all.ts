import { realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { ConfigIssue } from "../config/config-issue.ts";

const OTHERS_MAY_READ = 0o004;
const OTHERS_MAY_PASS = 0o001;

/** Whether every user of the machine can read the file: by its own mode and through all folders above it. */
export function isWorldReadable(path: string): boolean {
  try {
    const file = realpathSync(path);
    if ((statSync(file).mode & OTHERS_MAY_READ) === 0) return false;
    for (let folder = dirname(file); ; folder = dirname(folder)) {
      if ((statSync(folder).mode & OTHERS_MAY_PASS) === 0) return false;
      if (folder === dirname(folder)) return true;
    }
  } catch {
    // What cannot be looked at is somebody else's to complain of.
    return false;
  }
}

/** A word on an allow-list whose keys every user of the machine can use. */
export function openAllowlistWarning(path: string): ConfigIssue | undefined {
  if (process.platform === "win32" || !isWorldReadable(path)) return undefined;
  const message = "the keys in it can be read by every user of this machine";
  return { source: path, message, hint: `chmod 640 ${path}` };
}
