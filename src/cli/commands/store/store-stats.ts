import { Command } from "commander";
import { storeFacts } from "../../../store/files/store-info.ts";
import { printTable } from "../../output/print-table.ts";
import { addSettingsOptions, type SettingsOptions } from "../../context/settings-options.ts";
import { withStore, type StoreWork } from "./store-open.ts";
import { formatBytes } from "../../output/format-bytes.ts";
import { EXIT, printJson, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate store stats
  lmgate store stats --json | jq .records`;

export function storeStatsCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("stats"))
    .summary("show what the store holds")
    .description("Show what the store holds, and how far it follows the stats files.")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SettingsOptions) => finish(await withStore(terminal, options, show(terminal, options))));
}

function show(terminal: Terminal, options: SettingsOptions): (work: StoreWork) => Promise<number> {
  return async ({ offline: { store }, settings, onProgress }) => {
    await store.refresh({ onProgress });
    const held = storeFacts(store);
    const facts = {
      path: settings.store.path,
      records: held.records,
      in_parquet: held.inParquet,
      files: held.files,
      bytes: held.bytes,
      behind_bytes: held.behindBytes,
      segments: held.segments,
      ledger_bytes: held.ledgerBytes,
      bad_lines: held.badLines,
      duplicates: held.duplicates,
      first: held.first,
      last: held.last,
      generation: held.generation,
    };
    if ("json" in options) printJson(terminal, facts);
    else print(terminal, facts);
    return EXIT.ok;
  };
}

interface Facts {
  readonly path: string;
  readonly records: number;
  readonly in_parquet: number;
  readonly files: number;
  readonly bytes: number;
  readonly behind_bytes: number;
  readonly segments: number;
  readonly ledger_bytes: number;
  readonly bad_lines: number;
  readonly duplicates: number;
  readonly first: string | null;
  readonly last: string | null;
}

function print(terminal: Terminal, facts: Facts): void {
  printTable(
    terminal,
    ["WHAT", "VALUE"],
    [
      ["store", facts.path],
      ["records", String(facts.records)],
      ["  in Parquet", `${facts.in_parquet} (${facts.files} files, ${formatBytes(facts.bytes)})`],
      ["  read from stats files now", `${facts.records - facts.in_parquet} (${formatBytes(facts.behind_bytes)})`],
      ["stats files", `${facts.segments} (${formatBytes(facts.ledger_bytes)})`],
      ["lines that are no record", String(facts.bad_lines)],
      ["records that came twice", String(facts.duplicates)],
      ["first", facts.first ?? "none"],
      ["last", facts.last ?? "none"],
    ],
  );
}
