import { ApiKey } from "../core/request/client.ts";
import type { AccessRow } from "./access-table.ts";
import { HEADER_EXAMPLE, readColumns, type ColumnName, type Columns } from "./allowlist-columns.ts";
import { readCsv, type CsvRecord } from "./csv.ts";
import { parseExpiry } from "./expiry.ts";
import type { ConfigIssue } from "../config/config-issue.ts";
import { keyDigest, keyIssue } from "./key-rules.ts";
import { decodeUtf8 } from "../config/files/utf8.ts";

/** One row of the allow-list. It contains the digest of the key, not the key. */
export interface AllowRow extends AccessRow {
  readonly added: string;
  /** The key as it may be shown: `…` and its last characters, fewer for a short key. */
  readonly masked: string;
  readonly line: number;
  readonly endLine: number;
}

export type AllowlistRead = { readonly rows: readonly AllowRow[] } | { readonly issues: readonly ConfigIssue[] };

/**
 * Reads an allow-list and reports all issues together. One invalid row makes the whole list invalid, because a partly
 * applied list is not what the operator wrote. A list without rows is rejected too, because it is nearly always a mistake.
 */
export function parseAllowlist(
  input: string | Uint8Array,
  file: string,
  options: { readonly allowEmpty?: boolean } = {},
): AllowlistRead {
  const decoded = typeof input === "string" ? { text: input.replace(/^\ufeff/, "") } : decodeUtf8(input);
  if (!("text" in decoded)) return { issues: [{ source: file, ...decoded }] };
  const csv = readCsv(decoded.text);
  if (!("records" in csv)) return { issues: [{ source: file, ...csv }] };

  const [header, ...records] = csv.records;
  if (header === undefined)
    return {
      issues: [
        { source: file, line: 1, message: "the file is empty", hint: `begin it with the header ${HEADER_EXAMPLE}` },
      ],
    };
  const head = readColumns(header.cells, file, header.line);
  if ("issues" in head) return head;

  const issues: ConfigIssue[] = [];
  const rows: AllowRow[] = [];
  for (const record of records) {
    if (record.cells.every((cell) => cell === "")) continue;
    const row = readRow(
      record,
      head.columns,
      (key, message) => void issues.push({ source: file, line: record.line, key, message }),
    );
    if (row !== undefined) rows.push(row);
  }
  issues.push(...duplicateKeys(rows, file), ...duplicateIds(rows, file));
  if (issues.length > 0) return { issues: issues.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
  if (rows.length === 0 && options.allowEmpty !== true) return { issues: [noKeysIssue(file, header.line)] };
  return { rows };
}

function noKeysIssue(file: string, line: number): ConfigIssue {
  return {
    source: file,
    line,
    message: "the list contains no keys, so every request would be rejected",
    hint: "add one with: lmgate keys add --owner NAME",
  };
}

type Report = (column: string | undefined, message: string) => void;

function readRow(record: CsvRecord, columns: Columns, report: Report): AllowRow | undefined {
  const { cells } = record;
  if (cells.length > columns.count) {
    report(
      undefined,
      `${cells.length} cells where the header has ${columns.count}; put a cell that contains a comma in quotes`,
    );
    return undefined;
  }
  let isValid = true;
  const reject = (column: string, message: string): void => {
    isValid = false;
    report(column, message);
  };
  const cell = (name: ColumnName): string => {
    const index = columns[name];
    return index === undefined ? "" : (cells[index] ?? "");
  };
  for (const name of ["owner", "added"] as const) {
    if (columns[name] >= cells.length)
      reject(name, `the row ends before this column (${cells.length} cells, the header has ${columns.count})`);
  }
  const id = cell("id");
  const invalidId = idIssue(id);
  if (invalidId !== undefined) reject("id", invalidId);
  const key = cell("api_key");
  const invalidKey = keyIssue(key);
  if (invalidKey !== undefined) reject("api_key", invalidKey);
  const disabled = readDisabled(cell("disabled"));
  if (disabled === undefined) reject("disabled", "use true, false or nothing");
  const expiry = cell("expires_at");
  const expiresAt = expiry === "" ? undefined : parseExpiry(expiry);
  if (expiry !== "" && expiresAt === undefined) {
    reject("expires_at", "use a date (2026-12-31), a time (2026-12-31T18:00:00Z) or nothing");
  }
  for (const { name, index } of columns.reserved) {
    if ((cells[index] ?? "") !== "")
      reject(name, "this column is reserved and not enforced by this version; leave it empty");
  }
  if (!isValid || disabled === undefined) return undefined;
  return {
    id,
    owner: cell("owner"),
    added: cell("added"),
    digest: keyDigest(key),
    masked: maskedKey(key),
    disabled,
    expiresAt,
    line: record.line,
    endLine: record.endLine,
  };
}

/** Enough of a key to recognize it, and too little to use it. */
function maskedKey(key: string): string {
  return /^sha256:/i.test(key) ? `${key.slice(0, 13).toLowerCase()}…` : `…${new ApiKey(key).masked}`;
}

/** Why a text cannot be an id; `undefined` if it can. Ids appear in records, log lines and tables. */
export function idIssue(id: string): string | undefined {
  if (id === "") return "empty";
  if (id.length > 200) return `${id.length} characters; at most 200 are allowed`;
  if (/\p{Cc}/u.test(id)) return "contains a control character";
  return undefined;
}

function readDisabled(text: string): boolean | undefined {
  switch (text.toLowerCase()) {
    case "":
    case "false":
      return false;
    case "true":
      return true;
    default:
      return undefined;
  }
}

/** A key in two rows would have two owners. A plain key and its digest are the same key. */
function duplicateKeys(rows: readonly AllowRow[], file: string): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const seen = new Map<string, number>();
  for (const row of rows) {
    const digest = row.digest.toString("latin1");
    const first = seen.get(digest);
    if (first === undefined) seen.set(digest, row.line);
    else issues.push({ source: file, line: row.line, key: "api_key", message: `the same key as on line ${first}` });
  }
  return issues;
}

/** An id may have several keys only during a rotation: all but one of them must have an expiry. */
function duplicateIds(rows: readonly AllowRow[], file: string): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const lasting = new Map<string, number>();
  for (const row of rows) {
    if (row.expiresAt !== undefined) continue;
    const first = lasting.get(row.id);
    if (first === undefined) lasting.set(row.id, row.line);
    else {
      const message = `the same id as on line ${first}; two keys may share an id only if all but one have an expires_at`;
      issues.push({ source: file, line: row.line, key: "id", message });
    }
  }
  return issues;
}
