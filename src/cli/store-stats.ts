import { Command } from "commander";
import { printTable } from "./print-table.ts";
import { addSettingsOptions, type SettingsOptions } from "./settings-options.ts";
import { withStore, type StoreWork } from "./store-open.ts";
import { inBytes } from "./store-words.ts";
import { EXIT, printJson, type Terminal } from "./terminal.ts";

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
    const states = store.segments.map((track) => track.settled());
    const sum = (key: "records" | "bad" | "duplicates"): number => states.reduce((all, state) => all + state[key], 0);
    const { parts, generation } = store.manifest;
    const facts = {
      path: settings.store.path,
      records: sum("records"),
      in_parquet: parts.reduce((all, part) => all + part.records, 0),
      files: parts.length * 2,
      bytes: parts.reduce((all, part) => all + part.bytes, 0),
      behind_bytes: store.liveBytes,
      segments: states.length,
      ledger_bytes: store.files.reduce((all, { seen }) => all + seen.size, 0),
      bad_lines: sum("bad"),
      duplicates: sum("duplicates"),
      first: least(states.map(({ firstTs }) => firstTs)),
      last: least(
        states.map(({ lastTs }) => lastTs),
        true,
      ),
      generation,
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
      ["  in Parquet", `${facts.in_parquet} (${facts.files} files, ${inBytes(facts.bytes)})`],
      ["  read from stats files now", `${facts.records - facts.in_parquet} (${inBytes(facts.behind_bytes)})`],
      ["stats files", `${facts.segments} (${inBytes(facts.ledger_bytes)})`],
      ["lines that are no record", String(facts.bad_lines)],
      ["records that came twice", String(facts.duplicates)],
      ["first", facts.first ?? "none"],
      ["last", facts.last ?? "none"],
    ],
  );
}

/** The texts sort by time. */
function least(moments: readonly (string | null)[], greatest = false): string | null {
  const sorted = moments.filter((moment) => moment !== null).toSorted();
  return (greatest ? sorted.at(-1) : sorted[0]) ?? null;
}
