import { Command } from "commander";
import { formatOrigin } from "../../config/config-entry.ts";
import { findConfigFile } from "../../config/config.ts";
import { loadCommandSettings } from "../context/load-settings.ts";
import { addSettingsOptions, configFileOf, type SettingsOptions } from "../context/settings-options.ts";
import { printTable } from "../output/print-table.ts";
import { EXIT, printJson, type Terminal } from "../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate config show
  lmgate config show --config /etc/lmgate/lmgate.yaml --port 9090
  lmgate config show --json | jq '.settings[] | select(.source.kind != "default")'`;

export function configCommand(terminal: Terminal, finish: (code: number) => void): Command {
  const show = addSettingsOptions(new Command("show"))
    .summary("print every setting and its source")
    .description("Print the value of every setting and its source: default, file, environment or option.")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action((options: SettingsOptions) => finish(showSettings(terminal, options)));
  return new Command("config")
    .description("Show the effective configuration.")
    .helpCommand(false)
    .addCommand(show)
    .addHelpText("after", EXAMPLES);
}

function showSettings(terminal: Terminal, options: SettingsOptions): number {
  const loaded = loadCommandSettings(terminal, options);
  if (typeof loaded === "number") return loaded;
  if ("json" in options) {
    const file = findConfigFile(configFileOf(options), terminal.env);
    const settings = loaded.origins.map(({ key, value, origin }) => ({ key, value, source: origin }));
    printJson(terminal, { file, settings });
    return EXIT.ok;
  }
  const rows = loaded.origins.map(({ key, value, origin }) => [key, String(value), formatOrigin(origin)]);
  printTable(terminal, ["SETTING", "VALUE", "SOURCE"], rows);
  return EXIT.ok;
}
