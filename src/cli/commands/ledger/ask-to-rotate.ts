import { ownUrl } from "../../../app/startup/own-url.ts";
import type { AdminSettings } from "../../../core/settings.ts";
import { askApi } from "../../query/api-client.ts";
import { tokenOf } from "../../query/gateway-address.ts";
import type { Terminal } from "../../terminal.ts";

const TIMEOUT_MS = 10_000;

/** Asks the running gateway to close the stats file it writes. What stood in the way; `undefined` when it did. */
export async function askToRotate(admin: AdminSettings, env: Terminal["env"]): Promise<string | undefined> {
  const token = tokenOf(admin, env);
  if (token === undefined) return `${admin.tokenPath} cannot be read`;
  const address = { url: ownUrl(admin.host, admin.port), token };
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await askApi(address, "/api/v1/ledger/rotate", { method: "POST", signal });
    answer.resume();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
