import { Option, type Command } from "commander";
import { openAllowlistText, saveAllowlistText, type AllowlistText } from "../policy/allowlist-file.ts";
import { addConfigOption, settingsFor, type SettingsOptions } from "./settings-options.ts";
import { EXIT, reportFaults, say, type ExitCode, type Terminal } from "./terminal.ts";

export function addListOptions(command: Command): Command {
  return addConfigOption(command).addOption(
    new Option("--allowlist <file>", "this file instead of the configured one"),
  );
}

/** The allow-list that a `keys` command works on; the exit code, with everything said, when there is none. */
export function openList(terminal: Terminal, options: SettingsOptions): AllowlistText | ExitCode {
  const { allowlist } = options as { readonly allowlist?: unknown }; // commander's values have no types of their own
  if (typeof allowlist === "string") return openPath(terminal, allowlist);
  const loaded = settingsFor(terminal, options);
  return typeof loaded === "number" ? loaded : openPath(terminal, loaded.settings.auth.allowlistPath);
}

function openPath(terminal: Terminal, path: string): AllowlistText | ExitCode {
  const list = openAllowlistText(path);
  return "faults" in list ? reportFaults(terminal, "allow-list", list.faults) : list;
}

/** Writes the changed list back and says what stood in the way, if anything did. */
export function saveList(terminal: Terminal, list: AllowlistText, text: string): ExitCode {
  const result = saveAllowlistText(list, text);
  switch (result.kind) {
    case "written":
      return EXIT.ok;
    case "overtaken":
      say(terminal, `${list.path} was changed by someone else just now; nothing was written, try again`);
      return EXIT.failure;
    case "invalid":
      reportFaults(terminal, "allow-list with this change", result.faults);
      say(terminal, "nothing was written");
      return EXIT.failure;
  }
}
