import { randomBytes } from "node:crypto";
import {
  appendRow,
  appendRows,
  cellsByLine,
  changeEachRow,
  changeRows,
  nextId,
  withoutRows,
  type NewRow,
  type RowLines,
} from "./allowlist-edit.ts";
import type { AllowlistText } from "./allowlist-file.ts";
import { idIssue, parseAllowlist, type AllowRow } from "./allowlist.ts";
import { parseExpiry } from "./expiry.ts";
import { keyDigest, keyIssue } from "./key-rules.ts";

// The changes that the API and the CLI make to an allow-list. Each takes the list and returns its new text, or throws a
// `KeyChangeError`.

/** A change is not possible: the key exists already, it does not exist, or the input is invalid. */
export class KeyChangeError extends Error {
  readonly kind: "exists" | "missing" | "invalid";
  /** The input that is wrong: `id`, `key`, `expires`, `csv`. */
  readonly where: string;

  constructor(kind: KeyChangeError["kind"], where: string, message: string) {
    super(message);
    this.name = "KeyChangeIssue";
    this.kind = kind;
    this.where = where;
  }
}

export interface NewKey {
  readonly owner: string;
  readonly id?: string | undefined;
  /** Generated if missing. */
  readonly apiKey?: string | undefined;
  /** Store only the SHA-256 of the key, as is done for every generated key. */
  readonly hash?: boolean | undefined;
  readonly expiresAt?: string | undefined;
  readonly columns?: Readonly<Record<string, string>> | undefined;
}

export interface KeyChange {
  readonly disabled?: boolean | undefined;
  readonly owner?: string | undefined;
  /** `null`: the key never expires. */
  readonly expiresAt?: string | null | undefined;
}

export interface ImportPlan {
  readonly text: string;
  readonly added: readonly string[];
  readonly unchanged: readonly string[];
  readonly changed: readonly string[];
  readonly refused: readonly { readonly line: number; readonly message: string }[];
}

export interface IssuedKey {
  readonly text: string;
  readonly id: string;
  /** The generated key. The list contains only its digest, so this is the only time it is available. */
  readonly secret?: string;
}

export function addKey(list: AllowlistText, newKey: NewKey, today: string): IssuedKey {
  const invalidId = newKey.id === undefined ? undefined : idIssue(newKey.id);
  if (invalidId !== undefined) throw new KeyChangeError("invalid", "id", invalidId);
  const id = newKey.id ?? nextId(list.rows.map((row) => row.id));
  if (list.rows.some((row) => row.id === id)) {
    throw new KeyChangeError("exists", "id", "this id exists already; rotate its key instead");
  }
  const { cell, secret } = keyCell(list, newKey.apiKey, newKey.hash);
  const row: Record<string, string> = { ...newKey.columns, id, api_key: cell, owner: newKey.owner, added: today };
  if (newKey.expiresAt !== undefined) row["expires_at"] = futureExpiry(newKey.expiresAt);
  const text = appendRow(list.text, row);
  return secret === undefined ? { text, id } : { text, id, secret };
}

export function changeKey(list: AllowlistText, id: string, change: KeyChange): string {
  const cells: Record<string, string> = {};
  if (change.disabled !== undefined) cells["disabled"] = change.disabled ? "true" : "";
  if (change.owner !== undefined) cells["owner"] = change.owner;
  const rows = rowsOf(list, id);
  const newest = rows.at(-1);
  const changes = rows.map((row) => {
    const end = row === newest ? change.expiresAt : earlierExpiry(change.expiresAt, row);
    return { row, cells: end === undefined ? cells : { ...cells, expires_at: end === null ? "" : checkedExpiry(end) } };
  });
  return changeEachRow(list.text, changes);
}

/** A rotated key keeps its expiry unless the new one is earlier: changing an id must not extend its old keys. */
function earlierExpiry(expiresAt: string | null | undefined, row: AllowRow): string | undefined {
  if (expiresAt === undefined || expiresAt === null) return undefined;
  const at = parseExpiry(checkedExpiry(expiresAt)) ?? 0;
  return at < (row.expiresAt ?? Infinity) ? expiresAt : undefined;
}

/** Adds a new key for an id. Its old keys expire after the grace period; the new key gets the expiry of the newest one. */
export function rotateKey(
  list: AllowlistText,
  id: string,
  rotation: { readonly graceSeconds: number; readonly apiKey?: string | undefined; readonly now: number },
): IssuedKey {
  const rows = rowsOf(list, id);
  const last = rows.at(-1);
  if (last === undefined) throw missing(id);
  const { cell, secret } = keyCell(list, rotation.apiKey);
  const until = rotation.now + rotation.graceSeconds * 1000;
  const ending = rows.filter((row) => row.expiresAt === undefined || row.expiresAt > until);
  const shortened = changeRows(list.text, ending, { expires_at: new Date(until).toISOString() });
  const { disabled: _disabled, expires_at: end = "", ...kept } = cellsByLine(list.text).get(last.line) ?? {};
  const today = new Date(rotation.now).toISOString().slice(0, 10);
  const lasting = last.expiresAt !== undefined && last.expiresAt > until ? { expires_at: end } : {};
  const text = appendRow(shortened, {
    ...filled(kept),
    ...lasting,
    id,
    api_key: cell,
    owner: last.owner,
    added: today,
  });
  return secret === undefined ? { text, id } : { text, id, secret };
}

export function revokeKey(list: AllowlistText, id: string): string {
  return withoutRows(list.text, list.rows, rowsOf(list, id));
}

/** Adds the rows of another list that this one does not have. A key that exists under another id is rejected. */
export function importKeys(list: AllowlistText, csv: string): ImportPlan {
  const read = parseAllowlist(csv, "import", { allowEmpty: true });
  if ("issues" in read) {
    const refused = read.issues.map(({ line, key, message }) => ({
      line: line ?? 1,
      message: key === undefined ? message : `${key}: ${message}`,
    }));
    return { text: list.text, added: [], unchanged: [], changed: [], refused };
  }
  const present = cellsByLine(list.text);
  const wanted = cellsByLine(csv);
  const rowOf = new Map(list.rows.map((row) => [row.digest.toString("latin1"), row]));
  const ids = new Set(list.rows.map(({ id }) => id));
  const added: { readonly id: string; readonly cells: NewRow }[] = [];
  const changed: { readonly id: string; readonly row: RowLines; readonly cells: NewRow }[] = [];
  const unchanged: string[] = [];
  const refused: { line: number; message: string }[] = [];
  for (const { id, line, digest } of read.rows) {
    const known = rowOf.get(digest.toString("latin1"));
    const { api_key: key = "", ...cells } = wanted.get(line) ?? {};
    if (known === undefined && ids.has(id)) {
      refused.push({ line, message: "another key has this id; rotate that key instead" });
    } else if (known === undefined) {
      added.push({ id, cells: { ...filled(cells), api_key: key } });
    } else if (known.id !== id) {
      refused.push({ line, message: `this key exists already, under the id ${known.id}` });
    } else if (isSame(present.get(known.line) ?? {}, cells)) {
      unchanged.push(id);
    } else {
      changed.push({ id, row: known, cells: withoutEmptyColumns(cells, present.get(known.line) ?? {}) });
    }
  }
  const text = appendRows(
    changeEachRow(list.text, changed),
    added.map(({ cells }) => cells),
  );
  return { text, added: added.map(({ id }) => id), unchanged, changed: changed.map(({ id }) => id), refused };
}

/** The new text, if no row of the other list is rejected. */
export function importedText(list: AllowlistText, csv: string): string {
  const { text, refused } = importKeys(list, csv);
  const [first] = refused;
  if (first === undefined) return text;
  throw new KeyChangeError("invalid", "csv", `line ${first.line}: ${first.message}`);
}

function rowsOf(list: AllowlistText, id: string): readonly AllowRow[] {
  const rows = list.rows.filter((row) => row.id === id);
  if (rows.length === 0) throw missing(id);
  return rows;
}

function missing(id: string): KeyChangeError {
  return new KeyChangeError("missing", "id", `no key has the id ${id}`);
}

interface KeyCell {
  readonly cell: string;
  readonly secret?: string;
}

function keyCell(list: AllowlistText, given: string | undefined, asDigest = false): KeyCell {
  if (given === undefined) {
    const secret = `lmg_${randomBytes(32).toString("base64url")}`;
    return { cell: digestCell(secret), secret };
  }
  const issue = keyIssue(given);
  if (issue !== undefined) throw new KeyChangeError("invalid", "key", issue);
  const present = list.rows.find((row) => row.digest.equals(keyDigest(given)));
  if (present === undefined) return { cell: asDigest ? digestCell(given) : given };
  throw new KeyChangeError("exists", "key", `this key exists already, under the id ${present.id}`);
}

function digestCell(key: string): string {
  return `sha256:${keyDigest(key).toString("hex")}`;
}

function futureExpiry(text: string): string {
  const at = parseExpiry(checkedExpiry(text)) ?? 0;
  if (at > Date.now()) return text;
  throw new KeyChangeError("invalid", "expires", "this time is in the past");
}

function checkedExpiry(text: string): string {
  if (parseExpiry(text) !== undefined) return text;
  const message = "use a date (2026-12-31) or a time (2026-12-31T18:00:00Z)";
  throw new KeyChangeError("invalid", "expires", message);
}

/** Without empty cells, which would only add columns. */
function filled(cells: NewRow): NewRow {
  return Object.fromEntries(Object.entries(cells).filter(([, cell]) => cell !== ""));
}

/** An empty cell clears an existing cell, but does not add a column. */
function withoutEmptyColumns(cells: NewRow, present: NewRow): NewRow {
  return Object.fromEntries(Object.entries(cells).filter(([name, cell]) => cell !== "" || name in present));
}

function isSame(present: NewRow, wanted: NewRow): boolean {
  return Object.entries(wanted).every(([name, cell]) => (present[name] ?? "") === cell);
}
