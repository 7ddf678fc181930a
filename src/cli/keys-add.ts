import { Command } from "commander";
import { appendRow, nextId, type NewRow } from "../policy/allowlist-edit.ts";
import type { AllowlistText } from "../policy/allowlist-file.ts";
import { faultOfId } from "../policy/allowlist.ts";
import { parseExpiry } from "../policy/expiry.ts";
import { keyDigest, keyFault } from "../policy/key-rules.ts";
import { addListOptions, changeList, openList } from "./keys-file.ts";
import { readKey } from "./read-key.ts";
import type { SettingsOptions } from "./settings-options.ts";
import { EXIT, printJson, say, type ExitCode, type Terminal } from "./terminal.ts";

const EXAMPLES = `
Examples:
  lmgate keys add --owner ann                        asks for the key, without showing it
  pass show openai | lmgate keys add --owner ann --key -
  lmgate keys add --owner ci --id ci-2 --expires 2026-12-31 --key-file key.txt
  lmgate keys add --owner ann --hash < key.txt       keeps only the key's SHA-256 in the file`;

interface AddOptions extends SettingsOptions {
  readonly owner: string;
  readonly id?: string;
  readonly expires?: string;
  readonly key?: string;
  readonly keyFile?: string;
  readonly hash?: boolean;
  readonly json?: boolean;
}

export function addKeyCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addListOptions(new Command("add"))
    .summary("put a key on the list")
    .description("Put a key on the allow-list. The key comes from stdin or a file, never from the command line.")
    .requiredOption("--owner <name>", "whose key it is")
    .option("--id <id>", "what to call it in records (default: the next number)")
    .option("--expires <when>", "last day (2026-12-31, UTC) or moment (2026-12-31T18:00:00Z)")
    .option("--key <source>", "- reads the key from stdin")
    .option("--key-file <file>", "read the key from this file")
    .option("--hash", "write the key's SHA-256 instead of the key")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: AddOptions) => finish(await addKey(terminal, options)));
}

async function addKey(terminal: Terminal, options: AddOptions): Promise<ExitCode> {
  const misuse = misuseOf(options);
  if (misuse !== undefined) {
    say(terminal, misuse);
    return EXIT.usage;
  }
  const list = openList(terminal, options);
  if (typeof list === "number") return list;
  const key = await readKey(terminal, options.keyFile);
  let id = "";
  const code = await changeList(terminal, list.path, (current) => {
    const refusal = refusalOf(current, key);
    if (refusal !== undefined) {
      say(terminal, refusal);
      return EXIT.failure;
    }
    id = options.id?.trim() ?? nextId(current.rows.map((row) => row.id));
    return appendRow(current.text, rowFor(id, key, options));
  });
  if (code !== EXIT.ok) return code;
  if (options.json === true) printJson(terminal, { id, owner: options.owner, allowlist: list.path });
  else terminal.stdout.write(`added ${id} (owner ${options.owner}) to ${list.path}\n`);
  return EXIT.ok;
}

function misuseOf({ key, keyFile, owner, id, expires }: AddOptions): string | undefined {
  if (key !== undefined && key !== "-") {
    return "a key on the command line is seen by every user of this machine and kept by the shell; use --key - or --key-file";
  }
  if (key !== undefined && keyFile !== undefined) return "--key and --key-file exclude each other";
  if (owner.trim() === "") return "--owner: empty";
  const idFault = id === undefined ? undefined : faultOfId(id.trim());
  if (idFault !== undefined) return `--id: ${idFault}`;
  if (expires === undefined) return undefined;
  const at = parseExpiry(expires);
  if (at === undefined) return "--expires: allowed are a date (2026-12-31) and a time (2026-12-31T18:00:00Z)";
  return at <= Date.now() ? "--expires: that is in the past" : undefined;
}

function refusalOf(list: AllowlistText, key: string): string | undefined {
  const fault = keyFault(key);
  if (fault !== undefined) return `the key cannot be used: ${fault}`;
  const digest = keyDigest(key);
  const present = list.rows.find((row) => row.digest.equals(digest));
  return present === undefined ? undefined : `this key is on the list already: id ${present.id}, line ${present.line}`;
}

function rowFor(id: string, key: string, { owner, expires, hash }: AddOptions): NewRow {
  return {
    id,
    api_key: hash === true ? `sha256:${keyDigest(key).toString("hex")}` : key,
    owner,
    added: new Date().toISOString().slice(0, 10),
    ...(expires === undefined ? {} : { expires_at: expires }),
  };
}
