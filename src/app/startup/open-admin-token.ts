import { hash } from "node:crypto";
import { givenAdminToken, loadAdminToken } from "../../admin/server/token.ts";
import { AccessTable } from "../../allowlist/access-table.ts";
import type { AllowlistWatch } from "../../allowlist/watch-allowlist.ts";
import type { Logger } from "../../core/log.ts";

export interface AdminTokenSource {
  readonly path: string;
  /** From the environment; used instead of the file. */
  readonly given: string | undefined;
  readonly allowlist: AllowlistWatch;
  readonly log: Logger;
}

/** The admin token, and whether this start created it. Throws an `AdminTokenError` if it cannot be used. */
export function openAdminToken(source: AdminTokenSource): { readonly token: string; readonly created: boolean } {
  const { path, given, allowlist, log } = source;
  const context = {
    warn: (message: string) => log.warn({}, message),
    isClientKey: (text: string) =>
      new AccessTable(allowlist.current.buffer).find(hash("sha256", text, "buffer")) !== undefined,
  };
  if (given !== undefined) return { token: givenAdminToken(given, context), created: false };
  const token = loadAdminToken(path, context);
  if (token.created) log.info({ path }, "admin token created");
  return token;
}
