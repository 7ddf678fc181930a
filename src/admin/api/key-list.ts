import { openAllowlistText, saveAllowlistText, type AllowlistText } from "../../allowlist/allowlist-file.ts";
import { KeyChangeError } from "../../allowlist/key-changes.ts";
import { summarizeKeys } from "../../allowlist/key-summary.ts";
import { editFile } from "../../config/files/replace-file.ts";
import { formatIssues } from "../../config/config-issue.ts";
import type { KeyActivity } from "../../store/schema/reader.ts";
import type { KeyRow } from "./contract.ts";
import { ApiError } from "../server/problem.ts";

/** The allow-list as its file contains it now. Throws an `ApiError` if the file is invalid. */
export function readKeyList(path: string): AllowlistText {
  const list = openAllowlistText(path);
  if (!("issues" in list)) return list;
  throw new ApiError(
    409,
    "The allow-list file is invalid. Fix it before making changes. The last valid list remains in force.",
    formatIssues(list.issues).map((message) => ({ where: "allow-list", message })),
  );
}

/** Writes a changed list. Starts again if another program changed the file in the meantime. */
export async function changeKeyList(path: string, change: (list: AllowlistText) => string): Promise<void> {
  const isWritten = await editFile(() => {
    const list = readKeyList(path);
    const result = saveAllowlistText(list, applyChange(list, change));
    if (result.kind === "overtaken") return undefined;
    if (result.kind === "written") return true;
    throw new ApiError(
      422,
      "This change would make the allow-list invalid. Nothing was written.",
      result.issues.map(({ key, message }) => ({ where: key ?? "allow-list", message })),
    );
  });
  if (isWritten !== undefined) return;
  throw new ApiError(
    409,
    "The allow-list was changed by another program at the same time. Nothing was written. Try again.",
  );
}

function applyChange(list: AllowlistText, change: (list: AllowlistText) => string): string {
  try {
    return change(list);
  } catch (error) {
    if (!(error instanceof KeyChangeError)) throw error;
    const status = { exists: 409, missing: 404, invalid: 422 } as const;
    throw new ApiError(status[error.kind], "The change could not be made. Nothing was written.", [
      { where: error.where, message: error.message },
    ]);
  }
}

/** The keys with what the store knows of their use, by id. */
export function keyRows(list: AllowlistText, activity: readonly KeyActivity[], now: number): readonly KeyRow[] {
  const activityById = new Map(activity.map((used) => [used.key, used]));
  return summarizeKeys(list, now).map((key) => {
    const used = activityById.get(key.id);
    return {
      ...key,
      lastUsed: used?.lastUsed ?? null,
      requests24h: used?.requests24h ?? 0,
      cost24h: used === undefined ? 0 : used.cost24h,
      cost30d: used === undefined ? 0 : used.cost30d,
    };
  });
}
