import { setTimeout as delay } from "node:timers/promises";
import { openAllowlistText, saveAllowlistText, type AllowlistText } from "../../allowlist/allowlist-file.ts";
import { cellsByLine } from "../../allowlist/allowlist-edit.ts";
import type { AllowRow } from "../../allowlist/allowlist.ts";
import { KeyChangeError } from "../../allowlist/key-changes.ts";
import { formatIssues } from "../../config/config-issue.ts";
import type { KeyActivity } from "../../store/schema/reader.ts";
import type { KeyRow } from "./contract.ts";
import { ApiError } from "../server/problem.ts";

const OWN_COLUMNS: ReadonlySet<string> = new Set(["id", "api_key", "owner", "added", "disabled", "expires_at"]);
const ATTEMPTS = 20;

/** The allow-list as it stands in its file. */
export function readKeyList(path: string): AllowlistText {
  const list = openAllowlistText(path);
  if (!("issues" in list)) return list;
  throw new ApiError(
    409,
    "The allow-list's file is not valid; mend it first. The last good one is in force.",
    formatIssues(list.issues).map((message) => ({ where: "allow-list", message })),
  );
}

/** Writes a changed list; again from the start when somebody else changed the file in the meantime. */
export async function changeKeyList(path: string, change: (list: AllowlistText) => string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const list = readKeyList(path);
    const result = saveAllowlistText(list, changed(list, change));
    if (result.kind === "written") return;
    if (result.kind === "invalid") {
      throw new ApiError(
        422,
        "The allow-list would not be valid with this change; nothing was written.",
        result.issues.map(({ key, message }) => ({ where: key ?? "allow-list", message })),
      );
    }
    await delay(10 + Math.random() * 40);
  }
  throw new ApiError(409, "The allow-list is being changed by others all the time; nothing was written.");
}

function changed(list: AllowlistText, change: (list: AllowlistText) => string): string {
  try {
    return change(list);
  } catch (error) {
    if (!(error instanceof KeyChangeError)) throw error;
    const status = { exists: 409, missing: 404, invalid: 422 } as const;
    throw new ApiError(status[error.kind], "The change cannot be made; nothing was written.", [
      { where: error.where, message: error.message },
    ]);
  }
}

/** As people see them; `uses` by id, where the store knows. */
export function keyRows(
  { text, rows }: AllowlistText,
  keyActivity: readonly KeyActivity[],
  now: number,
): readonly KeyRow[] {
  const useOf = new Map(keyActivity.map((use) => [use.key, use]));
  const cells = cellsByLine(text);
  return rows.map((row) => {
    const use = useOf.get(row.id);
    return {
      id: row.id,
      owner: row.owner,
      columns: extraCells(cells.get(row.line) ?? {}),
      maskedKey: row.masked,
      state: stateOf(row, now),
      added: row.added,
      expiresAt: row.expiresAt === undefined ? null : new Date(row.expiresAt).toISOString(),
      lastUsed: use?.lastUsed ?? null,
      requests24h: use?.requests24h ?? 0,
      cost24h: use === undefined ? 0 : use.cost24h,
      cost30d: use === undefined ? 0 : use.cost30d,
      line: row.line,
    };
  });
}

function extraCells(cells: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(cells).filter(([name, cell]) => cell !== "" && !OWN_COLUMNS.has(name)));
}

function stateOf(row: AllowRow, now: number): KeyRow["state"] {
  if (row.disabled) return "disabled";
  return row.expiresAt !== undefined && row.expiresAt <= now ? "expired" : "active";
}
