import { Command } from "commander";
import { addKey, type Made } from "../../../allowlist/key-changes.ts";
import { confirmReload, editAllowlist } from "./keys-edit.ts";
import { addAllowlistOptions, openAllowlist } from "./keys-file.ts";
import { readKey } from "./read-key.ts";
import type { SettingsOptions } from "../../context/settings-options.ts";
import { EXIT, printJson, info, type ExitCode, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate keys add --owner ann                        asks for the key, without showing it
  lmgate keys add --owner ann --mint                 makes a key lmg_… and shows it once
  pass show openai | lmgate keys add --owner ann --key -
  lmgate keys add --owner ci --id ci-2 --expires 2026-12-31 --key-file key.txt
  lmgate keys add --owner ann --hash < key.txt       keeps only the key's SHA-256 in the file

Callers send a key lmg_… as x-lmgate-key, beside the provider's own key, and any other key as the provider wants it.`;

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
    .summary("put a key on the list")
    .description("Put a key on the allow-list. The key comes from stdin or a file, never from the command line.")
    .requiredOption("--owner <name>", "whose key it is")
    .option("--id <id>", "what to call it in records (default: the next number)")
    .option("--label <text>", "what it is for, in a column of that name")
    .option("--expires <when>", "last day (2026-12-31, UTC) or moment (2026-12-31T18:00:00Z)")
    .option("--key <source>", "- reads the key from stdin")
    .option("--key-file <file>", "read the key from this file")
    .option("--hash", "write the key's SHA-256 instead of the key")
    .option("--mint", "make a key, and show it once")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: AddOptions) => finish(await add(terminal, options)));
}

async function add(terminal: Terminal, options: AddOptions): Promise<ExitCode> {
  const misuse = misuseOf(options);
  if (misuse !== undefined) {
    info(terminal, misuse);
    return EXIT.usage;
  }
  const list = openAllowlist(terminal, options);
  if (typeof list === "number") return list;
  const { owner, id, label, expires, hash, mint } = options;
  const apiKey = mint === true ? undefined : await readKey(terminal, options.keyFile);
  const columns = label === undefined ? {} : { label: label.trim() };
  const today = new Date().toISOString().slice(0, 10);
  let made: Made | undefined;
  const code = await editAllowlist(terminal, list.path, (current) => {
    made = addKey(current, { owner, id: id?.trim(), apiKey, hash, expiresAt: expires, columns }, today);
    return made.text;
  });
  if (code !== EXIT.ok || made === undefined) return code;
  tell(terminal, options, { ...made, path: list.path });
  await confirmReload(terminal, options);
  return EXIT.ok;
}

function tell(
  terminal: Terminal,
  { owner, json }: AddOptions,
  { id, secret, path }: Made & { readonly path: string },
): void {
  if (json === true) {
    printJson(terminal, { id, owner, allowlist: path, ...(secret === undefined ? {} : { key: secret }) });
    return;
  }
  terminal.stdout.write(`added ${id} (owner ${owner}) to ${path}\n`);
  if (secret === undefined) return;
  terminal.stdout.write(`  ${secret}\n`);
  info(terminal, "this key is shown once; callers send it as x-lmgate-key");
}

function misuseOf({ key, keyFile, mint, hash, owner, label }: AddOptions): string | undefined {
  if (key !== undefined && key !== "-") {
    return "a key on the command line is seen by every user of this machine and kept by the shell; use --key - or --key-file";
  }
  if (key !== undefined && keyFile !== undefined) return "--key and --key-file exclude each other";
  if (mint === true && (key !== undefined || keyFile !== undefined || hash === true)) {
    return "--mint makes the key; --key, --key-file and --hash are for one that there is";
  }
  if (owner.trim() === "") return "--owner: empty";
  return label !== undefined && label.trim() === "" ? "--label: empty" : undefined;
}
