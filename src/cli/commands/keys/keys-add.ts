import { Command } from "commander";
import { addKey, type IssuedKey } from "../../../allowlist/key-changes.ts";
import { confirmReload, editAllowlist } from "./keys-edit.ts";
import { addAllowlistOptions, openAllowlist } from "./keys-file.ts";
import { readKey } from "./read-key.ts";
import type { SettingsOptions } from "../../context/settings-options.ts";
import { EXIT, printJson, info, type ExitCode, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate keys add --owner ann                        prompts for the key without echo
  lmgate keys add --owner ann --mint                 generates a key lmg_… and shows it once
  pass show openai | lmgate keys add --owner ann --key -
  lmgate keys add --owner ci --id ci-2 --expires 2026-12-31 --key-file key.txt
  lmgate keys add --owner ann --hash < key.txt       stores only the key's SHA-256

Clients send a key lmg_… as x-lmgate-key, in addition to the provider's own key. They send any other key as the
provider requires.`;

interface AddOptions extends SettingsOptions {
  readonly owner: string;
  readonly id?: string;
  readonly label?: string;
  readonly expires?: string;
  readonly key?: string;
  readonly keyFile?: string;
  readonly hash?: boolean;
  readonly mint?: boolean;
  readonly json?: boolean;
}

export function addKeyCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addAllowlistOptions(new Command("add"))
    .summary("add a key")
    .description("Add a key to the allow-list. The key is read from stdin or a file, never from the command line.")
    .requiredOption("--owner <name>", "owner of the key")
    .option("--id <id>", "id of the key in records (default: next number)")
    .option("--label <text>", "purpose of the key, stored in the column label")
    .option("--expires <when>", "last day (2026-12-31, UTC) or time (2026-12-31T18:00:00Z)")
    .option("--key <source>", "- reads the key from stdin")
    .option("--key-file <file>", "read the key from this file")
    .option("--hash", "store the key's SHA-256 instead of the key")
    .option("--mint", "generate a key and show it once")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: AddOptions) => finish(await add(terminal, options)));
}

async function add(terminal: Terminal, options: AddOptions): Promise<ExitCode> {
  const usageError = usageErrorOf(options);
  if (usageError !== undefined) {
    info(terminal, usageError);
    return EXIT.usage;
  }
  const list = openAllowlist(terminal, options);
  if (typeof list === "number") return list;
  const { owner, id, label, expires, hash, mint } = options;
  const apiKey = mint === true ? undefined : await readKey(terminal, options.keyFile);
  const columns = label === undefined ? {} : { label: label.trim() };
  const today = new Date().toISOString().slice(0, 10);
  let result: IssuedKey | undefined;
  const code = await editAllowlist(terminal, list.path, (current) => {
    result = addKey(current, { owner, id: id?.trim(), apiKey, hash, expiresAt: expires, columns }, today);
    return result.text;
  });
  if (code !== EXIT.ok || result === undefined) return code;
  printAdded(terminal, options, { ...result, path: list.path });
  await confirmReload(terminal, options);
  return EXIT.ok;
}

function printAdded(
  terminal: Terminal,
  { owner, json }: AddOptions,
  { id, secret, path }: IssuedKey & { readonly path: string },
): void {
  if (json === true) {
    printJson(terminal, { id, owner, allowlist: path, ...(secret === undefined ? {} : { key: secret }) });
    return;
  }
  terminal.stdout.write(`added ${id} (owner ${owner}) to ${path}\n`);
  if (secret === undefined) return;
  terminal.stdout.write(`  ${secret}\n`);
  info(terminal, "copy this key now, it is not shown again; clients send it as x-lmgate-key");
}

function usageErrorOf({ key, keyFile, mint, hash, owner, label }: AddOptions): string | undefined {
  if (key !== undefined && key !== "-") {
    return "--key accepts only -: a key on the command line is visible to other users and saved in the shell history; use --key - or --key-file";
  }
  if (key !== undefined && keyFile !== undefined) return "use either --key or --key-file, not both";
  if (mint === true && (key !== undefined || keyFile !== undefined || hash === true)) {
    return "--mint generates the key; it cannot be combined with --key, --key-file or --hash";
  }
  if (owner.trim() === "") return "--owner must not be empty";
  return label !== undefined && label.trim() === "" ? "--label must not be empty" : undefined;
}
