import type { AllowlistText } from "../../../allowlist/allowlist-file.ts";
import { KeyChangeError } from "../../../allowlist/key-changes.ts";
import { requestApiJson, ApiError, GatewayUnreachable } from "../../query/api-client.ts";
import { findRunningGateway } from "../../query/gateway-address.ts";
import { changeAllowlist } from "./keys-file.ts";
import { loadCommandSettings } from "../../context/load-settings.ts";
import type { SettingsOptions } from "../../context/settings-options.ts";
import { formatCount } from "../../output/format-bytes.ts";
import { EXIT, info, type ExitCode, type Terminal } from "../../context/terminal.ts";

/** Changes the allow-list; prints a change that is rejected and returns its exit code. */
export function editAllowlist(
  terminal: Terminal,
  path: string,
  change: (list: AllowlistText) => string,
): Promise<ExitCode> {
  return changeAllowlist(terminal, path, (list) => {
    try {
      return change(list);
    } catch (error) {
      if (!(error instanceof KeyChangeError)) throw error;
      info(terminal, error.kind === "invalid" ? `${error.where}: ${error.message}` : error.message);
      const codes = { exists: EXIT.exists, missing: EXIT.notFound, invalid: EXIT.usage } as const;
      return codes[error.kind];
    }
  });
}

/** Reloads a running gateway and prints that the change is in force. The gateway would also notice it by itself. */
export async function confirmReload(terminal: Terminal, options: SettingsOptions): Promise<void> {
  // A file given by --allowlist need not be the one of the running gateway.
  if ("allowlist" in options) return;
  const loaded = loadCommandSettings(terminal, options);
  if (typeof loaded === "number") return;
  const gateway = await findRunningGateway(loaded.settings, terminal.env);
  if (gateway === undefined) return;
  try {
    const response = await requestApiJson(gateway, "/api/v1/reload", { method: "POST" });
    const workers =
      typeof response === "object" && response !== null && "acknowledgedBy" in response
        ? Number(response.acknowledgedBy)
        : 0;
    info(terminal, `in force: ${formatCount(workers, "data worker")} ${workers === 1 ? "is" : "are"} using it`);
  } catch (error) {
    if (error instanceof ApiError || error instanceof GatewayUnreachable) {
      info(terminal, `the running gateway did not confirm the change: ${error.message}`);
    } else throw error;
  }
}
