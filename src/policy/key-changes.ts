import { randomBytes } from "node:crypto";
import { appendRow, cellsOf, changeRows, nextId, withoutRows, type NewRow } from "./allowlist-edit.ts";
import type { AllowlistText } from "./allowlist-file.ts";
import { parseAllowlist, type AllowRow } from "./allowlist.ts";
import { parseExpiry } from "./expiry.ts";
import { keyDigest, keyFault } from "./key-rules.ts";

// What can be done to the allow-list: each takes the list and gives its new text, or throws a `KeyChangeFault`.

/** Why a change cannot be made: there is such a key, there is none, or what was given is not sound. */
export class KeyChangeFault extends Error {
  readonly kind: "exists" | "missing" | "invalid";
  /** What was wrong: `id`, `key`, `expires`. */
  readonly where: string;

  constructor(kind: KeyChangeFault["kind"], where: string, message: string) {
    super(message);
    this.name = "KeyChangeFault";
    this.kind = kind;
    this.where = where;
  }
}

export interface NewKey {
  readonly owner: string;
  readonly id?: string | undefined;
  /** Without it one is made. */
  readonly apiKey?: string | undefined;
  readonly expiresAt?: string | undefined;
  readonly columns?: Readonly<Record<string, string>> | undefined;
}

export interface KeyChange {
  readonly disabled?: boolean | undefined;
  readonly owner?: string | undefined;
  /** `null`: never. */
  readonly expiresAt?: string | null | undefined;
}

export interface ImportPlan {
  readonly text: string;
  readonly added: readonly string[];
  readonly unchanged: readonly string[];
  readonly changed: readonly string[];
  readonly refused: readonly { readonly line: number; readonly message: string }[];
}

export interface Made {
  readonly text: string;
  readonly id: string;
  /** A key that was made here; it stands in the list as its digest and can be told once. */
  readonly secret?: string;
}

export function addKey(list: AllowlistText, wanted: NewKey, today: string): Made {
  const id = wanted.id ?? nextId(list.rows.map((row) => row.id));
  if (list.rows.some((row) => row.id === id)) {
    throw new KeyChangeFault("exists", "id", "this id is on the list already; rotate its key instead");
  }
  const { cell, secret } = keyCell(list, wanted.apiKey);
  const row: Record<string, string> = { ...wanted.columns, id, api_key: cell, owner: wanted.owner, added: today };
  if (wanted.expiresAt !== undefined) row["expires_at"] = futureExpiry(wanted.expiresAt);
  const text = appendRow(list.text, row);
  return secret === undefined ? { text, id } : { text, id, secret };
}

export function changeKey(list: AllowlistText, id: string, change: KeyChange): string {
  const cells: Record<string, string> = {};
  if (change.disabled !== undefined) cells["disabled"] = change.disabled ? "true" : "";
  if (change.owner !== undefined) cells["owner"] = change.owner;
  if (change.expiresAt !== undefined)
    cells["expires_at"] = change.expiresAt === null ? "" : checkedExpiry(change.expiresAt);
  return changeRows(list.text, rowsOf(list, id), cells);
}

/** A new key beside the old ones, which last for the grace. */
export function rotateKey(
  list: AllowlistText,
  id: string,
  wanted: { readonly graceSeconds: number; readonly apiKey?: string | undefined; readonly now: number },
): Made {
  const rows = rowsOf(list, id);
  const last = rows.at(-1);
  if (last === undefined) throw missing(id);
  const { cell, secret } = keyCell(list, wanted.apiKey);
  const until = wanted.now + wanted.graceSeconds * 1000;
  const ending = rows.filter((row) => row.expiresAt === undefined || row.expiresAt > until);
  const shortened = changeRows(list.text, ending, { expires_at: new Date(until).toISOString() });
  const { disabled: _shut, expires_at: _end, ...kept } = cellsOf(list.text, last);
  const today = new Date(wanted.now).toISOString().slice(0, 10);
  const text = appendRow(shortened, { ...filled(kept), id, api_key: cell, owner: last.owner, added: today });
  return secret === undefined ? { text, id } : { text, id, secret };
}

export function revokeKey(list: AllowlistText, id: string): string {
  return withoutRows(list.text, list.rows, rowsOf(list, id));
}

/** Adds the rows of another list that are not on this one. A key that is there under another id is refused. */
export function importKeys(list: AllowlistText, csv: string): ImportPlan {
  const read = parseAllowlist(csv, "import", { allowEmpty: true });
  if ("faults" in read) {
    const refused = read.faults.map(({ line, key, message }) => ({
      line: line ?? 1,
      message: key === undefined ? message : `${key}: ${message}`,
    }));
    return { text: list.text, added: [], unchanged: [], changed: [], refused };
  }
  const added: string[] = [];
  const unchanged: string[] = [];
  const changed: string[] = [];
  const refused: { line: number; message: string }[] = [];
  let { text } = list;
  for (const row of read.rows) {
    const known = list.rows.find((each) => each.digest.equals(row.digest));
    const cells = filled(cellsOf(csv, row));
    if (known === undefined && list.rows.some(({ id }) => id === row.id)) {
      refused.push({ line: row.line, message: "another key has this id; rotate that one instead" });
    } else if (known === undefined) {
      text = appendRow(text, cells);
      added.push(row.id);
    } else if (known.id !== row.id) {
      refused.push({ line: row.line, message: `this key is on the list under another id: ${known.id}` });
    } else if (isSame(cellsOf(list.text, known), cells)) {
      unchanged.push(row.id);
    } else {
      const { api_key: _key, ...others } = cells;
      text = changeRows(text, [known], others);
      changed.push(row.id);
    }
  }
  return { text, added, unchanged, changed, refused };
}

function rowsOf(list: AllowlistText, id: string): readonly AllowRow[] {
  const rows = list.rows.filter((row) => row.id === id);
  if (rows.length === 0) throw missing(id);
  return rows;
}

function missing(id: string): KeyChangeFault {
  return new KeyChangeFault("missing", "id", `no key has the id ${id}`);
}

function keyCell(list: AllowlistText, given: string | undefined): { readonly cell: string; readonly secret?: string } {
  if (given === undefined) {
    const secret = `lmg_${randomBytes(32).toString("base64url")}`;
    return { cell: `sha256:${keyDigest(secret).toString("hex")}`, secret };
  }
  const fault = keyFault(given);
  if (fault !== undefined) throw new KeyChangeFault("invalid", "key", fault);
  const present = list.rows.find((row) => row.digest.equals(keyDigest(given)));
  if (present === undefined) return { cell: given };
  throw new KeyChangeFault("exists", "key", `this key is on the list already, under the id ${present.id}`);
}

function futureExpiry(text: string): string {
  const at = parseExpiry(checkedExpiry(text)) ?? 0;
  if (at > Date.now()) return text;
  throw new KeyChangeFault("invalid", "expires", "that is in the past");
}

function checkedExpiry(text: string): string {
  if (parseExpiry(text) !== undefined) return text;
  const message = "allowed are a date (2026-12-31) and a time (2026-12-31T18:00:00Z)";
  throw new KeyChangeFault("invalid", "expires", message);
}

/** Without what is empty, which would only make columns. */
function filled(cells: NewRow): NewRow {
  return Object.fromEntries(Object.entries(cells).filter(([, cell]) => cell !== ""));
}

function isSame(present: NewRow, wanted: NewRow): boolean {
  return Object.entries(wanted).every(([name, cell]) => name === "api_key" || (present[name] ?? "") === cell);
}
