import { Command } from "commander";
import { storeInfo } from "../../../store/files/store-info.ts";
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
    .summary("show size and content of the store")
    .description("Show size and content of the query store, and how far it is behind the stats files.")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SettingsOptions) => finish(await withStore(terminal, options, show(terminal, options))));
}

function show(terminal: Terminal, options: SettingsOptions): (work: StoreWork) => Promise<number> {
  return async ({ offline: { store }, onProgress }) => {
    await store.refresh({ onProgress });
    const held = storeInfo(store);
    const result = {
      path: store.directory,
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
    if ("json" in options) printJson(terminal, result);
    else print(terminal, result);
    return EXIT.ok;
  };
}

interface StoreStats {
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

function print(terminal: Terminal, stats: StoreStats): void {
  printTable(
    terminal,
    ["NAME", "VALUE"],
    [
      ["store", stats.path],
      ["records", String(stats.records)],
      ["  in Parquet", `${stats.in_parquet} (${stats.files} files, ${formatBytes(stats.bytes)})`],
      ["  not yet in Parquet", `${stats.records - stats.in_parquet} (${formatBytes(stats.behind_bytes)})`],
      ["stats files", `${stats.segments} (${formatBytes(stats.ledger_bytes)})`],
      ["invalid lines", String(stats.bad_lines)],
      ["duplicate records", String(stats.duplicates)],
      ["first record", stats.first ?? "none"],
      ["last record", stats.last ?? "none"],
    ],
  );
}
