import { Command } from "commander";
import { addSettingsOptions, type SettingsOptions } from "../../context/settings-options.ts";
import { withStore, type StoreWork } from "./store-open.ts";
import { formatCount, formatBytes } from "../../output/format-bytes.ts";
import { EXIT, printJson, type Terminal } from "../../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate store compact

A running gateway does this by itself. It neither closes nor changes a stats file.`;

const BULK_BYTES = 96 * 1024 * 1024;

export function compactStoreCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("compact"))
    .summary("write all records to Parquet")
    .description("Write all records of the stats files to Parquet, and merge small files.")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SettingsOptions) => finish(await withStore(terminal, options, compact(terminal, options))));
}

function compact(terminal: Terminal, options: SettingsOptions): (work: StoreWork) => Promise<number> {
  return async ({ offline: { store }, onProgress }) => {
    const recordsIn = (): number => store.manifest.parts.reduce((sum, { records }) => sum + records, 0);
    const before = recordsIn();
    await store.refresh({ compactAt: BULK_BYTES, onProgress });
    await store.compact();
    const { parts } = store.manifest;
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const result = { added: recordsIn() - before, records: recordsIn(), files: parts.length * 2, bytes };
    if ("json" in options) printJson(terminal, result);
    else {
      const { stdout } = terminal;
      stdout.write(
        `added ${formatCount(result.added, "record")}; the store has ${formatCount(result.records, "record")}`,
      );
      stdout.write(` in ${formatCount(result.files, "file")}, ${formatBytes(bytes)}\n`);
    }
    return EXIT.ok;
  };
}
