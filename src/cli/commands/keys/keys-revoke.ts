import { Command } from "commander";
import { withoutRows } from "../../../allowlist/allowlist-edit.ts";
import type { AllowlistText } from "../../../allowlist/allowlist-file.ts";
import type { AllowRow } from "../../../allowlist/allowlist.ts";
import { confirmReload } from "./keys-edit.ts";
import { addAllowlistOptions, changeAllowlist, openAllowlist } from "./keys-file.ts";
import { confirm } from "../../context/confirm.ts";
import type { SettingsOptions } from "../../context/settings-options.ts";
import { EXIT, info, type ExitCode, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate keys revoke 7
  lmgate keys revoke 7 ci-2 --yes

Removes the rows from the file. The very last row is disabled instead: an allow-list without rows is taken for a mistake
and is not put in force.`;

interface RevokeOptions extends SettingsOptions {
  readonly yes?: boolean;
}

export function revokeKeysCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addAllowlistOptions(new Command("revoke"))
    .summary("revoke keys")
    .description("Remove all keys of an id from the allow-list.")
    .argument("<id...>", "ids of the keys")
    .option("-y, --yes", "do not ask for confirmation")
    .addHelpText("after", EXAMPLES)
    .action(async (ids: readonly string[], options: RevokeOptions) => finish(await revoke(terminal, ids, options)));
}

async function revoke(terminal: Terminal, ids: readonly string[], options: RevokeOptions): Promise<ExitCode> {
  const list = openAllowlist(terminal, options);
  if (typeof list === "number") return list;
  let rows = rowsOf(terminal, list, ids);
  if (typeof rows === "number") return rows;
  if (options.yes !== true) {
    const found = rows;
    const notConfirmed = await confirm(terminal, `Revoke ${found.length === 1 ? "this key" : "these keys"}?`, () => {
      for (const { id, owner, masked } of found) terminal.stderr.write(`  ${id}  ${owner}  ${masked}\n`);
    });
    if (notConfirmed !== undefined) return notConfirmed;
  }
  const code = await changeAllowlist(terminal, list.path, (current) => {
    rows = rowsOf(terminal, current, ids);
    return typeof rows === "number" ? rows : withoutRows(current.text, current.rows, rows);
  });
  if (code !== EXIT.ok || typeof rows === "number") return code;
  for (const row of rows) terminal.stdout.write(`revoked ${row.id} (owner ${row.owner}, key ${row.masked})\n`);
  await confirmReload(terminal, options);
  return EXIT.ok;
}

function rowsOf(terminal: Terminal, list: AllowlistText, ids: readonly string[]): readonly AllowRow[] | ExitCode {
  const unknown = ids.filter((id) => !list.rows.some((row) => row.id === id));
  if (unknown.length === 0) return list.rows.filter((row) => ids.includes(row.id));
  info(terminal, `not on the allow-list: ${unknown.join(", ")} (see lmgate keys list)`);
  return EXIT.notFound;
}
