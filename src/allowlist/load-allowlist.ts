import { hash } from "node:crypto";
import { buildAccessTable } from "./access-table.ts";
import { parseAllowlist } from "./allowlist.ts";
import type { ConfigIssue } from "../config/config-issue.ts";
import { readRegularFile, type FileIssue } from "../config/files/read-file.ts";

/** Room for about a million keys. */
export const MAX_ALLOWLIST_BYTES = 256 * 1024 * 1024;

export interface LoadedAllowlist {
  readonly table: SharedArrayBuffer;
  /** Keys in force: rows that are not disabled. */
  readonly keys: number;
  readonly contentHash: string;
}

/** An allow-list file's bytes, before anyone judged them. */
export interface AllowlistBytes {
  readonly bytes: Buffer;
  readonly contentHash: string;
  readonly fingerprint: string;
  /** A file whose last line has no end may still be on its way. */
  readonly endsWithNewline: boolean;
}

export async function readAllowlistBytes(path: string): Promise<AllowlistBytes | FileIssue> {
  const content = await readRegularFile(path, MAX_ALLOWLIST_BYTES);
  if (!("bytes" in content)) return content;
  const { bytes, fingerprint } = content;
  const last = bytes.at(-1);
  return {
    bytes,
    fingerprint,
    contentHash: hash("sha256", bytes, "hex"),
    endsWithNewline: last === 0x0a || last === 0x0d,
  };
}

export function loadAllowlist(
  content: AllowlistBytes,
  path: string,
): LoadedAllowlist | { readonly issues: readonly ConfigIssue[] } {
  const read = parseAllowlist(content.bytes, path);
  if ("issues" in read) return read;
  const keys = read.rows.reduce((sum, row) => sum + (row.disabled ? 0 : 1), 0);
  return { table: buildAccessTable(read.rows), keys, contentHash: content.contentHash };
}

/** An unreadable allow-list as an issue that says how to come by one. */
export function missingAllowlist(path: string, issue: FileIssue): ConfigIssue {
  const hint =
    issue.code === "ENOENT"
      ? "lmgate init makes one: a header line id,api_key,owner,added and then a line for each key; auth.allowlist_path says where it is"
      : undefined;
  return { source: path, message: issue.message, hint };
}
