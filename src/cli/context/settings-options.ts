import { Option, type Command } from "commander";
import type { Flag } from "../../config/config.ts";

/** The options that override a setting. */
export const SETTING_OPTIONS = [
  { option: "--host <address>", key: "server.host", text: "listen on this address" },
  { option: "--port <number>", key: "server.port", text: "listen on this port" },
  { option: "--workers <number>", key: "server.workers", text: "number of data workers, or auto" },
  { option: "--admin-host <address>", key: "admin.host", text: "admin listener: listen on this address" },
  { option: "--admin-port <number>", key: "admin.port", text: "admin listener: listen on this port" },
  { option: "--allowlist <file>", key: "auth.allowlist_path", text: "read keys from this file" },
  { option: "--stats <file>", key: "stats.output_path", text: "write records to this file" },
  { option: "--log-level <level>", key: "logging.level", text: "debug, info, warn or error" },
] as const;

export type SettingsOptions = Readonly<Record<string, unknown>>;

export function addConfigOption(command: Command): Command {
  return command.option("-c, --config <file>", "configuration file (default: $LMGATE_CONFIG or config/lmgate.yaml)");
}

/** Adds `--config` and the options that override a setting. */
export function addSettingsOptions(command: Command): Command {
  addConfigOption(command);
  for (const { option, text } of SETTING_OPTIONS) command.addOption(new Option(option, text));
  return command;
}

export function configFileOf(options: SettingsOptions): string | undefined {
  const { config } = options as { readonly config?: unknown }; // as: commander's values are untyped
  return typeof config === "string" ? config : undefined;
}

export function flagsOf(options: SettingsOptions): readonly Flag[] {
  return SETTING_OPTIONS.flatMap(({ option, key }) => {
    const { long, attribute } = namesOf(option);
    const text = options[attribute];
    return typeof text === "string" ? [{ name: long, key, text }] : [];
  });
}

function namesOf(option: string): { long: string; attribute: string } {
  const parsed = new Option(option);
  return { long: parsed.long ?? option, attribute: parsed.attributeName() };
}
