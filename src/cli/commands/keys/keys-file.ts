import { Option, type Command } from "commander";
import { openAllowlistText, saveAllowlistText, type AllowlistText } from "../../../allowlist/allowlist-file.ts";
import { editFile } from "../../../config/files/replace-file.ts";
import { loadCommandSettings } from "../../context/load-settings.ts";
import { addConfigOption, type SettingsOptions } from "../../context/settings-options.ts";
import { EXIT, reportIssues, info, type ExitCode, type Terminal } from "../../context/terminal.ts";

export function addAllowlistOptions(command: Command): Command {
  return addConfigOption(command).addOption(
    new Option("--allowlist <file>", "use this file instead of the configured one"),
  );
}

/** The allow-list of a `keys` command; an exit code, after the issues are printed, if it cannot be read. */
export function openAllowlist(terminal: Terminal, options: SettingsOptions): AllowlistText | ExitCode {
  const { allowlist } = options as { readonly allowlist?: unknown }; // as: commander's values are untyped
  if (typeof allowlist === "string") return openPath(terminal, allowlist);
  const loaded = loadCommandSettings(terminal, options);
  return typeof loaded === "number" ? loaded : openPath(terminal, loaded.settings.auth.allowlistPath);
}

function openPath(terminal: Terminal, path: string): AllowlistText | ExitCode {
  const list = openAllowlistText(path);
  return "issues" in list ? reportIssues(terminal, "allow-list", list.issues) : list;
}

/**
 * Changes the allow-list, and starts again if another process changed it in the meantime. `change` returns the new text,
 * or an exit code after it has printed why there is none.
 */
export async function changeAllowlist(
  terminal: Terminal,
  path: string,
  change: (list: AllowlistText) => string | ExitCode,
): Promise<ExitCode> {
  const exitCode = await editFile(() => {
    const list = openPath(terminal, path);
    if (typeof list === "number") return list;
    const text = change(list);
    if (typeof text === "number") return text;
    const result = saveAllowlistText(list, text);
    if (result.kind === "overtaken") return undefined;
    if (result.kind === "written") return EXIT.ok;
    reportIssues(terminal, "allow-list with this change", result.issues);
    info(terminal, "nothing was written");
    return EXIT.failure;
  });
  if (exitCode !== undefined) return exitCode;
  info(terminal, `${path} is changed too often by other processes; nothing was written. Try again.`);
  return EXIT.failure;
}
