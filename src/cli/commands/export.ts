import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Command, Option } from "commander";
import type { ExportFormat, ExportRequest } from "../../store/schema/reader.ts";
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
  readonly what: ExportRequest["what"];
  readonly output?: string;
  readonly bom?: boolean;
}

export function exportCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addDataSourceOptions(addScopeOptions(new Command("export"), "24h"))
    .description(
      "Export requests, or aggregates of them, as CSV, JSON lines or Parquet. The number of rows is not limited.",
    )
    .addOption(
      new Option("--format <format>", "csv, jsonl or parquet").choices(["csv", "jsonl", "parquet"]).default("csv"),
    )
    .addOption(
      new Option("--what <what>", "calls: one row per request; usage: aggregates as in stats")
        .choices(["calls", "usage"])
        .default("calls"),
    )
    .option("--by <dimensions>", "with --what usage: one or two dimensions, comma-separated")
    .option("--metric <metrics>", "with --what usage: metrics, comma-separated")
    .option("--bucket <length>", "with --what usage: length of a time bucket")
    .option("-o, --output <file>", "write to this file instead of stdout")
    .option("--bom", "start CSV with a byte order mark, which some spreadsheets need")
    .addHelpText("after", EXAMPLES)
    .action(async (options: ExportOptions) => finish(await exportRequests(terminal, options)));
}

async function exportRequests(terminal: Terminal, options: ExportOptions): Promise<number> {
  const { format, what, output, bom } = options;
  if (output === undefined && format === "parquet" && terminal.stdout.isTTY) {
    info(terminal, "Parquet is a binary format: use --output FILE or redirect stdout");
    return EXIT.usage;
  }
  const query = parseQueryOptions(terminal, options, { bucket: "none" });
  if (query === undefined) return EXIT.usage;
  return withDataSource(terminal, options, async (source) => {
    const bytes = Readable.from(source.export({ format, what, query, byteOrderMark: bom === true }));
    if (output === undefined) {
      await pipeline(bytes, terminal.stdout, { end: false });
      return EXIT.ok;
    }
    await writeAtomically(bytes, output);
    info(terminal, `wrote ${output}`);
    return EXIT.ok;
  });
}

/** Replaces the file only once it is complete. */
async function writeAtomically(bytes: Readable, path: string): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  try {
    await pipeline(bytes, createWriteStream(temporary, { flags: "wx" }));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
