import { parseAllowlist, type AllowRow } from "./allowlist.ts";
import type { ConfigIssue } from "../config/config-issue.ts";
import { MAX_ALLOWLIST_BYTES, missingAllowlist } from "./load-allowlist.ts";
import { readRegularFileSync, type FileContent } from "../config/files/read-file.ts";
import { replaceFile } from "../config/files/replace-file.ts";

export interface AllowlistText {
  readonly path: string;
  readonly text: string;
  readonly rows: readonly AllowRow[];
  readonly fingerprint: string;
}

export type EditResult =
  | { readonly kind: "written" }
  /** The list would be invalid with the change; nothing was written. */
  | { readonly kind: "invalid"; readonly issues: readonly ConfigIssue[] }
  /** Another program changed the file in the meantime; nothing was written. */
  | { readonly kind: "overtaken" };

/** Opens an allow-list to show or change it. Unlike at a start, it may have no rows. */
export function openAllowlistText(path: string): AllowlistText | { readonly issues: readonly ConfigIssue[] } {
  const content = readRegularFileSync(path, MAX_ALLOWLIST_BYTES);
  if (!("bytes" in content)) return { issues: [missingAllowlist(path, content)] };
  const read = parseAllowlist(content.bytes, path, { allowEmpty: true });
  if ("issues" in read) return read;
  return { path, text: textOf(content), rows: read.rows, fingerprint: content.fingerprint };
}

/** Writes a changed text, if it is a valid allow-list and the file has not changed since it was read. */
export function saveAllowlistText(list: AllowlistText, text: string): EditResult {
  const check = parseAllowlist(text, list.path, { allowEmpty: true });
  if ("issues" in check) return { kind: "invalid", issues: check.issues };
  const isCurrent = (): boolean => {
    const now = readRegularFileSync(list.path, MAX_ALLOWLIST_BYTES);
    return "bytes" in now && now.fingerprint === list.fingerprint;
  };
  return { kind: replaceFile(list.path, text, isCurrent) ? "written" : "overtaken" };
}

/** Keeps a byte order mark, so that it is written back. */
function textOf({ bytes }: FileContent): string {
  return bytes.toString("utf8");
}
