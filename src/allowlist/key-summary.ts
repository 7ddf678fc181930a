import { cellsByLine } from "./allowlist-edit.ts";
import type { AllowlistText } from "./allowlist-file.ts";
import type { AllowRow } from "./allowlist.ts";

export type KeyState = "active" | "disabled" | "expired";

/** One key as the dashboard, the API and `lmgate keys list` show it. The key itself is never shown. */
export interface KeySummary {
  readonly id: string;
  readonly owner: string;
  /** Columns of the operator's own, such as `label` or `team`, by name; no empty ones. */
  readonly columns: Readonly<Record<string, string>>;
  readonly maskedKey: string;
  readonly state: KeyState;
  readonly added: string;
  /** RFC 3339; `null`: never. */
  readonly expiresAt: string | null;
  /** Line in the file. Two rows of one id, during a rotation, differ by it. */
  readonly line: number;
}

const KNOWN_COLUMNS: ReadonlySet<string> = new Set(["id", "api_key", "owner", "added", "disabled", "expires_at"]);

export function summarizeKeys({ text, rows }: AllowlistText, now: number): readonly KeySummary[] {
  if (rows.length === 0) return [];
  const cells = cellsByLine(text);
  return rows.map((row) => ({
    id: row.id,
    owner: row.owner,
    columns: ownColumns(cells.get(row.line) ?? {}),
    maskedKey: row.masked,
    state: keyState(row, now),
    added: row.added,
    expiresAt: row.expiresAt === undefined ? null : new Date(row.expiresAt).toISOString(),
    line: row.line,
  }));
}

function ownColumns(cells: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(cells).filter(([name, cell]) => cell !== "" && !KNOWN_COLUMNS.has(name)));
}

function keyState(row: AllowRow, now: number): KeyState {
  if (row.disabled) return "disabled";
  return row.expiresAt !== undefined && row.expiresAt <= now ? "expired" : "active";
}
