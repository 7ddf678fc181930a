import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Command, Option } from "commander";
import type { ExportFormat, ExportWanted } from "../../store/service/reader.ts";
import { addScopeOptions, parseQueryOptions, type QueryOptions } from "../query/query-options.ts";
import { addDataSourceOptions, withDataSource, type DataSourceOptions } from "../query/data-source.ts";
import { EXIT, info, type Terminal } from "../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate export --since 30d > calls.csv
  lmgate export --since 30d --format parquet --output calls.parquet
  lmgate export --what usage --by owner,model --bucket 1d --format jsonl`;

interface ExportOptions extends DataSourceOptions, QueryOptions {
  readonly format: ExportFormat;
  readonly what: ExportWanted["what"];
  readonly output?: string;
  readonly bom?: boolean;
}

export function exportCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addDataSourceOptions(addScopeOptions(new Command("export"), "24h"))
    .description("Write calls, or figures of them, as CSV, lines of JSON or Parquet, however many there are.")
    .addOption(
      new Option("--format <format>", "csv, jsonl or parquet").choices(["csv", "jsonl", "parquet"]).default("csv"),
    )
    .addOption(
      new Option("--what <what>", "calls, or the figures that stats shows")
        .choices(["calls", "usage"])
        .default("calls"),
    )
    .option("--by <dimensions>", "with --what usage: one or two, parted by a comma")
    .option("--metric <metrics>", "with --what usage: parted by commas")
    .option("--bucket <length>", "with --what usage: figures over time")
    .option("-o, --output <file>", "write this file instead of stdout")
    .option("--bom", "begin a CSV with a byte order mark, which some spreadsheets want")
    .addHelpText("after", EXAMPLES)
    .action(async (options: ExportOptions) => finish(await exportCalls(terminal, options)));
}

async function exportCalls(terminal: Terminal, options: ExportOptions): Promise<number> {
  const { format, what, output, bom } = options;
  if (output === undefined && format === "parquet" && terminal.stdout.isTTY) {
    info(terminal, "Parquet is no text; name a file with --output, or redirect stdout");
    return EXIT.usage;
  }
  const question = parseQueryOptions(terminal, options, { bucket: "none" });
  if (question === undefined) return EXIT.usage;
  return withDataSource(terminal, options, async (source) => {
    const bytes = Readable.from(source.export({ format, what, question, byteOrderMark: bom === true }));
    if (output === undefined) {
      await pipeline(bytes, terminal.stdout, { end: false });
      return EXIT.ok;
    }
    await writeWhole(bytes, output);
    info(terminal, `wrote ${output}`);
    return EXIT.ok;
  });
}

/** The file is there when it is whole; what was there before stays until then. */
async function writeWhole(bytes: Readable, path: string): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  try {
    await pipeline(bytes, createWriteStream(temporary, { flags: "wx" }));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
