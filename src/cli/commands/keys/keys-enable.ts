import { Command } from "commander";
import { changeKey } from "../../../allowlist/key-changes.ts";
import { confirmReload, editAllowlist } from "./keys-edit.ts";
import { addAllowlistOptions, openAllowlist } from "./keys-file.ts";
import type { SettingsOptions } from "../../context/settings-options.ts";
import { EXIT, type Terminal } from "../../context/terminal.ts";

/** `keys disable` and `keys enable`. */
export function enableKeysCommand(
  terminal: Terminal,
  finish: (code: number) => void,
  name: "disable" | "enable",
): Command {
  const isDisable = name === "disable";
  return addAllowlistOptions(new Command(name))
    .summary(isDisable ? "disable keys without removing them" : "enable disabled keys")
    .description(isDisable ? "Disable all keys of an id; their rows remain." : "Enable all disabled keys of an id.")
    .argument("<id...>", "ids of the keys")
    .addHelpText("after", `\nExamples:\n  lmgate keys ${name} 7\n  lmgate keys ${name} 7 ci-2`)
    .action(async (ids: readonly string[], options: SettingsOptions) => {
      const list = openAllowlist(terminal, options);
      if (typeof list === "number") return finish(list);
      const code = await editAllowlist(terminal, list.path, (current) =>
        ids.reduce((text, id) => changeKey({ ...current, text }, id, { disabled: isDisable }), current.text),
      );
      if (code !== EXIT.ok) return finish(code);
      for (const id of ids) terminal.stdout.write(`${name}d ${id}\n`);
      await confirmReload(terminal, options);
      return finish(EXIT.ok);
    });
}
