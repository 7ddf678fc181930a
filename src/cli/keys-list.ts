import { Command } from "commander";
import type { AllowRow } from "../policy/allowlist.ts";
import { addListOptions, openList } from "./keys-file.ts";
import type { SettingsOptions } from "./settings-options.ts";
import { printTable } from "./print-table.ts";
import { EXIT, printJson, say, type Terminal } from "./terminal.ts";

const EXAMPLES = `
Examples:
  lmgate keys list
  lmgate keys list --json | jq -r '.[] | select(.state == "expired") | .id'`;

export function listKeysCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addListOptions(new Command("list"))
    .summary("show who is on the list")
    .description("Show who is on the allow-list. Keys are shown by their last six characters.")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action((options: SettingsOptions) => {
      const list = openList(terminal, options);
      if (typeof list === "number") return finish(list);
      print(terminal, list.rows, "json" in options);
      if (list.rows.length === 0)
        say(terminal, `${list.path} holds no keys; add one with: lmgate keys add --owner NAME`);
      return finish(EXIT.ok);
    });
}

function print(terminal: Terminal, rows: readonly AllowRow[], asJson: boolean): void {
  const shown = rows.map((row) => ({
    id: row.id,
    owner: row.owner,
    key: row.masked,
    state: stateOf(row, Date.now()),
    added: row.added,
    expires_at: row.expiresAt === undefined ? null : new Date(row.expiresAt).toISOString(),
    line: row.line,
  }));
  if (asJson) return printJson(terminal, shown);
  const cells = shown.map((row) => [row.id, row.owner, row.key, row.state, row.added, row.expires_at ?? "never"]);
  return printTable(terminal, ["ID", "OWNER", "KEY", "STATE", "ADDED", "EXPIRES"], cells);
}

function stateOf(row: AllowRow, now: number): "active" | "disabled" | "expired" {
  if (row.disabled) return "disabled";
  return row.expiresAt !== undefined && row.expiresAt <= now ? "expired" : "active";
}
