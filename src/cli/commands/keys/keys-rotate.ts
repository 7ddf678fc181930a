import { Command, InvalidArgumentError, Option } from "commander";
import { rotateKey, type IssuedKey } from "../../../allowlist/key-changes.ts";
import { confirmReload, editAllowlist } from "./keys-edit.ts";
import { addAllowlistOptions, openAllowlist } from "./keys-file.ts";
import { readKey } from "./read-key.ts";
import type { SettingsOptions } from "../../context/settings-options.ts";
import { EXIT, printJson, info, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate keys rotate 7 --grace 24h               generates a key lmg_… and shows it once
  lmgate keys rotate 7 --grace 7d --key-file new.txt
  pass show openai-new | lmgate keys rotate 7 --grace 1h --key -`;

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

interface RotateOptions extends SettingsOptions {
  readonly grace: number;
  readonly key?: string;
  readonly keyFile?: string;
  readonly json?: boolean;
}

export function rotateKeyCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addAllowlistOptions(new Command("rotate"))
    .summary("rotate a key; the old one works for a grace period")
    .description("Add a new key to an id; its old keys expire after the grace period.")
    .argument("<id>", "id of the key")
    .addOption(
      new Option("--grace <time>", "how long the old keys keep working: 30m, 24h, 7d, 0s")
        .argParser(seconds)
        .makeOptionMandatory(),
    )
    .option("--key <source>", "- reads the new key from stdin; generated if no key is given")
    .option("--key-file <file>", "read the new key from this file")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (id: string, options: RotateOptions) => finish(await rotate(terminal, id, options)));
}

async function rotate(terminal: Terminal, id: string, options: RotateOptions): Promise<number> {
  if (options.key !== undefined && options.key !== "-") {
    info(
      terminal,
      "--key accepts only -: a key on the command line is visible to other users; use --key - or --key-file",
    );
    return EXIT.usage;
  }
  const list = openAllowlist(terminal, options);
  if (typeof list === "number") return list;
  const isGiven = options.key !== undefined || options.keyFile !== undefined;
  const apiKey = isGiven ? await readKey(terminal, options.keyFile) : undefined;
  let result: IssuedKey | undefined;
  const code = await editAllowlist(terminal, list.path, (current) => {
    result = rotateKey(current, id, { graceSeconds: options.grace, apiKey, now: Date.now() });
    return result.text;
  });
  if (code !== EXIT.ok || result === undefined) return code;
  const until = new Date(Date.now() + options.grace * 1000).toISOString();
  if (options.json === true)
    printJson(terminal, { id, oldKeysUntil: until, ...(result.secret === undefined ? {} : { key: result.secret }) });
  else {
    terminal.stdout.write(`rotated ${id}; its old keys expire ${until}\n`);
    if (result.secret !== undefined) {
      terminal.stdout.write(`  ${result.secret}\n`);
      info(terminal, "copy this key now, it is not shown again; clients send it as x-lmgate-key");
    }
  }
  await confirmReload(terminal, options);
  return EXIT.ok;
}

function seconds(text: string): number {
  const [, amount = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (factor === undefined) throw new InvalidArgumentError("Use a time such as 30m, 24h, 7d or 0s.");
  return Number(amount) * factor;
}
