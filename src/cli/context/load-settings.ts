import { findConfigFile, loadSettings, type LoadedSettings } from "../../config/config.ts";
import { configFileOf, flagsOf, type SettingsOptions } from "./settings-options.ts";
import { reportIssues, type ExitCode, type Terminal } from "./terminal.ts";

/** The settings of a command; an exit code, after the issues are printed, if they are invalid. */
export function loadCommandSettings(terminal: Terminal, options: SettingsOptions): LoadedSettings | ExitCode {
  const file = findConfigFile(configFileOf(options), terminal.env);
  const read = loadSettings({ file, env: terminal.env, flags: flagsOf(options) });
  return "issues" in read ? reportIssues(terminal, "configuration", read.issues) : read;
}
