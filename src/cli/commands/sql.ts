import { text as readText } from "node:stream/consumers";
import { Command, InvalidArgumentError, Option } from "commander";
import { REQUEST_COLUMNS } from "../../store/schema/request-columns.ts";
import { openOffline } from "../../store/service/open-store.ts";
import type { SqlResult } from "../../store/schema/reader.ts";
import { csvCell } from "../output/csv-cell.ts";
import { printTable } from "../output/print-table.ts";
import { loadCommandSettings } from "../context/load-settings.ts";
import { reportError } from "../query/data-source.ts";
import { addSettingsOptions, type SettingsOptions } from "../context/settings-options.ts";
import { EXIT, printJson, info, type Terminal } from "../context/terminal.ts";

const EXAMPLES = `
Examples:
  lmgate sql "SELECT model, sum(cost_usd) FROM calls WHERE ts > now() - INTERVAL 7 DAY GROUP BY ALL ORDER BY 2 DESC"
  lmgate sql --columns
  echo "SELECT count(*) FROM calls" | lmgate sql -

The dialect is DuckDB's, read-only. The table calls has one row per record, hours the sums of each hour.`;

interface SqlOptions extends SettingsOptions {
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly columns?: boolean;
  readonly maxRows: number;
  readonly timeout: number;
}

export function sqlCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addSettingsOptions(new Command("sql"))
    .description("Query the records with SQL.")
    .argument("[query]", "one SELECT statement; - reads it from stdin")
    .option("--columns", "list the columns of the table calls")
    .addOption(new Option("--max-rows <count>", "return at most this many rows").argParser(positive).default(10_000))
    .addOption(new Option("--timeout <seconds>", "cancel the query after this time").argParser(positive).default(60))
    .option("--json", "print one JSON document")
    .option("--csv", "print CSV")
    .addHelpText("after", EXAMPLES)
    .action(async (query: string | undefined, options: SqlOptions) => finish(await sql(terminal, query, options)));
}

async function sql(terminal: Terminal, query: string | undefined, options: SqlOptions): Promise<number> {
  if (options.columns === true) {
    printTable(
      terminal,
      ["COLUMN", "TYPE", "MEANING"],
      REQUEST_COLUMNS.map(({ name, type, meaning }) => [name, type, meaning]),
    );
    return EXIT.ok;
  }
  const text = query === "-" ? await readText(terminal.stdin) : query;
  if (text === undefined || text.trim() === "") {
    info(terminal, "missing query: pass one, or - to read it from stdin (see lmgate sql --help)");
    return EXIT.usage;
  }
  const loaded = loadCommandSettings(terminal, options);
  if (typeof loaded === "number") return loaded;
  const offline = await openOffline({ settings: loaded.settings, now: Date.now });
  try {
    const result = await offline.reader.sql({ text, maxRows: options.maxRows, timeoutMs: options.timeout * 1000 });
    print(terminal, options, result);
    if (result.truncated) info(terminal, `showing the first ${options.maxRows} rows; use --max-rows for more`);
    return EXIT.ok;
  } catch (error) {
    return reportError(terminal, error);
  } finally {
    await offline.close();
  }
}

function print(terminal: Terminal, options: SqlOptions, { columns, rows }: SqlResult): void {
  const names = columns.map(({ name }) => name);
  if (options.json === true) {
    printJson(
      terminal,
      rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]]))),
    );
  } else if (options.csv === true) {
    for (const row of [names, ...rows])
      terminal.stdout.write(
        `${row.map((value) => csvCell(typeof value === "object" ? cellText(value) : value)).join(",")}\r\n`,
      );
  } else
    printTable(
      terminal,
      names,
      rows.map((row) => row.map(cellText)),
    );
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Use a whole number of at least 1.");
  return Number(text);
}
