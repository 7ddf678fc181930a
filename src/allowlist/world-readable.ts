import { realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { ConfigIssue } from "../config/config-issue.ts";

const OTHERS_MAY_READ = 0o004;
const OTHERS_MAY_PASS = 0o001;

/** True if every user of the machine can read the file: its own mode and those of all folders above it allow it. */
export function isWorldReadable(path: string): boolean {
  try {
    const file = realpathSync(path);
    if ((statSync(file).mode & OTHERS_MAY_READ) === 0) return false;
    for (let folder = dirname(file); ; folder = dirname(folder)) {
      if ((statSync(folder).mode & OTHERS_MAY_PASS) === 0) return false;
      if (folder === dirname(folder)) return true;
    }
  } catch {
    // A file that cannot be read is reported elsewhere.
    return false;
  }
}

/** A warning if every user of the machine can read the keys. */
export function openAllowlistWarning(path: string): ConfigIssue | undefined {
  if (process.platform === "win32" || !isWorldReadable(path)) return undefined;
  const message = "can be read by every user of this machine";
  return { source: path, message, hint: `chmod 640 ${path}` };
}
