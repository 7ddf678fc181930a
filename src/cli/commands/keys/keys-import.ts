import { readFileSync } from "node:fs";
import { Command } from "commander";
import { importedText, importKeys, type ImportPlan } from "../../../allowlist/key-changes.ts";
import { confirmReload, editAllowlist } from "./keys-edit.ts";
import { addAllowlistOptions, openAllowlist } from "./keys-file.ts";
import type { SettingsOptions } from "../../context/settings-options.ts";
import { EXIT, printJson, info, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate keys import team.csv --dry-run
  lmgate keys import team.csv

The file has the format of an allow-list: id,api_key,owner,added and optional columns. All rows are imported, or none.`;

interface ImportOptions extends SettingsOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function importKeysCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addAllowlistOptions(new Command("import"))
    .summary("import rows of another allow-list")
    .description("Import the rows of another allow-list: new ids are added, existing ones updated.")
    .argument("<file>", "a CSV file")
    .option("--dry-run", "show the changes without writing them")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (file: string, options: ImportOptions) => finish(await importFile(terminal, file, options)));
}

async function importFile(terminal: Terminal, file: string, options: ImportOptions): Promise<number> {
  const list = openAllowlist(terminal, options);
  if (typeof list === "number") return list;
  const csv = readFileSync(file, "utf8");
  const plan = importKeys(list, csv);
  const isWritten = options.dryRun !== true && plan.refused.length === 0;
  if (isWritten) {
    const code = await editAllowlist(terminal, list.path, (current) => importedText(current, csv));
    if (code !== EXIT.ok) return code;
  }
  show(terminal, plan, { file, isWritten, asJson: options.json === true });
  if (isWritten) await confirmReload(terminal, options);
  return plan.refused.length > 0 ? EXIT.failure : EXIT.ok;
}

interface ImportOutput {
  readonly file: string;
  readonly isWritten: boolean;
  readonly asJson: boolean;
}

function show(terminal: Terminal, plan: ImportPlan, { file, isWritten, asJson }: ImportOutput): void {
  const { added, changed, unchanged, refused } = plan;
  if (asJson) {
    printJson(terminal, { written: isWritten, added, changed, unchanged, refused });
    return;
  }
  for (const id of added) terminal.stdout.write(`+ ${id}\n`);
  for (const id of changed) terminal.stdout.write(`~ ${id}\n`);
  for (const { line, message } of refused) info(terminal, `${file}:${line}: ${message}`);
  const summary = `${added.length} new, ${changed.length} changed, ${unchanged.length} unchanged`;
  if (isWritten) info(terminal, summary);
  else info(terminal, refused.length > 0 ? "nothing was written" : `${summary}; nothing was written (--dry-run)`);
}
