import type { AllowlistText } from "../../../allowlist/allowlist-file.ts";
import { KeyChangeIssue } from "../../../allowlist/key-changes.ts";
import { requestApiJson, ApiError, GatewayUnreachable } from "../../query/api-client.ts";
import { findRunningGateway } from "../../query/gateway-address.ts";
import { changeAllowlist } from "./keys-file.ts";
import { loadCommandSettings } from "../../context/load-settings.ts";
import type { SettingsOptions } from "../../context/settings-options.ts";

import { EXIT, info, type ExitCode, type Terminal } from "../../context/terminal.ts";

/** Changes the list; a change that cannot be made is said. */
export function editAllowlist(
  terminal: Terminal,
  path: string,
  change: (list: AllowlistText) => string,
): Promise<ExitCode> {
  return changeAllowlist(terminal, path, (list) => {
    try {
      return change(list);
    } catch (error) {
      if (!(error instanceof KeyChangeIssue)) throw error;
      info(terminal, error.kind === "invalid" ? `${error.where}: ${error.message}` : error.message);
      const codes = { exists: EXIT.exists, missing: EXIT.notFound, invalid: EXIT.usage } as const;
      return codes[error.kind];
    }
  });
}

/** Says when the change is in force, where a gateway with this list is running; it would see it by itself a moment later. */
export async function confirmReload(terminal: Terminal, options: SettingsOptions): Promise<void> {
  // A list that was named by itself may be anybody's.
  if ("allowlist" in options) return;
  const loaded = loadCommandSettings(terminal, options);
  if (typeof loaded === "number") return;
  const gateway = await findRunningGateway(loaded.settings, terminal.env);
  if (gateway === undefined) return;
  try {
    const answer = await requestApiJson(gateway, "/api/v1/reload", { method: "POST" });
    const count =
      typeof answer === "object" && answer !== null && "acknowledgedBy" in answer ? Number(answer.acknowledgedBy) : 0;
    info(terminal, `in force: ${count} data ${count === 1 ? "thread goes" : "threads go"} by it`);
  } catch (error) {
    if (error instanceof ApiError || error instanceof GatewayUnreachable) {
      info(terminal, `the running gateway did not confirm it: ${error.message}`);
    } else throw error;
  }
}
