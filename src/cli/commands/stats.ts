import { Command } from "commander";
import type { QueryResponse } from "../../store/schema/query.ts";
import { addScopeOptions, parseQueryOptions, type QueryOptions } from "../query/query-options.ts";
import { addDataSourceOptions, withDataSource, type DataSourceOptions } from "../query/data-source.ts";
import { metricNames } from "../../store/schema/metrics.ts";
import { printStats } from "./stats-table.ts";
import { statsCsv, statsJsonLines } from "./stats-rows.ts";
import { EXIT, printJson, type Terminal } from "../context/terminal.ts";

const METRICS_PER_LINE = 6;
const metricLines = Array.from({ length: Math.ceil(metricNames.length / METRICS_PER_LINE) }, (_, line) =>
  metricNames.slice(line * METRICS_PER_LINE, (line + 1) * METRICS_PER_LINE).join(", "),
);

const EXAMPLES = `
Examples:
  lmgate stats                                    the last 24 hours by model
  lmgate stats --since 7d --by owner,model
  lmgate stats --since 30d --bucket 1d --chart
  lmgate stats --filter 'status>=400' --by error_type --metric requests
  lmgate stats --since 30d --by owner --csv > costs.csv

Dimensions: owner, key, provider, model, endpoint, operation, status, error_type, client_app, tag:<name>, day, hour, weekday.
Metrics: ${metricLines.join(",\n")}.
Short names: tokens for total_tokens, p95 for duration_p95, ttft for ttft_p95.`;

export interface StatsOptions extends DataSourceOptions, QueryOptions {
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly csv?: boolean;
  readonly plain?: boolean;
  readonly chart?: boolean;
}

export function statsCommand(terminal: Terminal, finish: (code: number) => void): Command {
  return addDataSourceOptions(addScopeOptions(new Command("stats"), "24h"))
    .description(
      "Show usage and cost of requests, from the running gateway, or from the stats files if none is running.",
    )
    .option("--by <dimensions>", "one or two dimensions, comma-separated (default: model)")
    .option("--metric <metrics>", "metrics, comma-separated (default: cost,tokens,requests,errors,p95)")
    .option("--bucket <length>", "time buckets: 1m, 5m, 15m, 1h, 1d, 1w, 1mo or auto")
    .option("--top <count>", "number of groups; the rest is summed as other (default: 20)")
    .option("--order <metric>", "sort by this metric; -metric for descending order")
    .option("--chart", "draw the first metric over time")
    .option("--json", "print one JSON document, the response of GET /api/v1/usage")
    .option("--jsonl", "print one JSON line per row")
    .option("--csv", "print CSV")
    .option("--plain", "print tab-separated rows without headings and total")
    .addHelpText("after", EXAMPLES)
    .action(async (options: StatsOptions) => finish(await stats(terminal, options)));
}

async function stats(terminal: Terminal, options: StatsOptions): Promise<number> {
  const isTable = !(options.json || options.jsonl || options.csv || options.plain);
  const defaults = {
    group_by: "model",
    metric: "cost,total_tokens,requests,errors,duration_p95",
    bucket: options.chart === true ? "auto" : "none",
    compare: isTable ? "previous" : "none",
  };
  const query = parseQueryOptions(terminal, options, defaults);
  if (query === undefined) return EXIT.usage;
  return withDataSource(terminal, options, async (source) => {
    print(terminal, options, await source.query(query));
    return EXIT.ok;
  });
}

function print(terminal: Terminal, options: StatsOptions, result: QueryResponse): void {
  if (options.json === true) printJson(terminal, result);
  else if (options.jsonl === true) for (const line of statsJsonLines(result)) terminal.stdout.write(`${line}\n`);
  else if (options.csv === true) terminal.stdout.write(statsCsv(result));
  else printStats(terminal, result, { plain: options.plain === true, chart: options.chart === true });
}
