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
  /** Somebody else changed the file in between; nothing was written. */
  | { readonly kind: "overtaken" };

/** An allow-list to be shown or changed; one without rows will do. */
export function openAllowlistText(path: string): AllowlistText | { readonly issues: readonly ConfigIssue[] } {
  const content = readRegularFileSync(path, MAX_ALLOWLIST_BYTES);
  if (!("bytes" in content)) return { issues: [missingAllowlist(path, content)] };
  const read = parseAllowlist(content.bytes, path, { allowEmpty: true });
  if ("issues" in read) return read;
  return { path, text: textOf(content), rows: read.rows, fingerprint: content.fingerprint };
}

/** Writes a changed text back, if it is a sound allow-list and the file is still the one that was read. */
export function saveAllowlistText(list: AllowlistText, text: string): EditResult {
  const check = parseAllowlist(text, list.path, { allowEmpty: true });
  if ("issues" in check) return { kind: "invalid", issues: check.issues };
  const isCurrent = (): boolean => {
    const now = readRegularFileSync(list.path, MAX_ALLOWLIST_BYTES);
    return "bytes" in now && now.fingerprint === list.fingerprint;
  };
  return { kind: replaceFile(list.path, text, isCurrent) ? "written" : "overtaken" };
}

/** With its byte order mark, which is written back as it was. */
function textOf({ bytes }: FileContent): string {
  return bytes.toString("utf8");
}
