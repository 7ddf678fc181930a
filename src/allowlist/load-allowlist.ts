import { hash } from "node:crypto";
import { buildAccessTable } from "./access-table.ts";
import { parseAllowlist } from "./allowlist.ts";
import type { ConfigIssue } from "../config/config-issue.ts";
import { readRegularFile, type FileIssue } from "../config/files/read-file.ts";

/** Enough for about a million keys. */
export const MAX_ALLOWLIST_BYTES = 256 * 1024 * 1024;

export interface LoadedAllowlist {
  readonly table: SharedArrayBuffer;
  /** Rows that are not disabled. */
  readonly keys: number;
  readonly contentHash: string;
}

/** The bytes of an allow-list file, not checked yet. */
export interface AllowlistBytes {
  readonly bytes: Buffer;
  readonly contentHash: string;
  readonly fingerprint: string;
  /** A file without a line end at its end may still be being written. */
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

/** The issue for a missing or unreadable allow-list, with how to create one. */
export function missingAllowlist(path: string, issue: FileIssue): ConfigIssue {
  const hint =
    issue.code === "ENOENT"
      ? "create one with: lmgate init; its first line is the header id,api_key,owner,added, then follows one line for each key; auth.allowlist_path sets its place"
      : undefined;
  return { source: path, message: issue.message, hint };
}
