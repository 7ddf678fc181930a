import { styleText } from "node:util";
import type { QueryResponse, Metric, Values } from "../../store/schema/query.ts";
import { formatChange, formatMetric, metricHeading, shareBar, sparkline } from "../output/format-metric.ts";
import { printable } from "../output/print-table.ts";
import { statsRows, type StatsRow } from "./stats-rows.ts";
import { textTable, type Column } from "../output/text-table.ts";
import { info, type Terminal } from "../context/terminal.ts";

const BAR_WIDTH = 10;

export interface StatsFormat {
  readonly plain: boolean;
  readonly chart: boolean;
}

/** Prints a result: aligned and abbreviated on a terminal, tab-separated and exact otherwise. */
export function printStats(terminal: Terminal, result: QueryResponse, { plain, chart }: StatsFormat): void {
  const { stdout } = terminal;
  if (result.totals.total.requests === 0 || result.series.length === 0) {
    // stdout stays empty, so that a program reads no rows.
    info(terminal, emptyText(result));
    return;
  }
  if (chart) return printChart(terminal, result);
  const isTable = stdout.isTTY && !plain;
  const columns = columnsOf(result, isTable);
  const rows = statsRows(result).map((row) => cellsOf(result, row, isTable));
  if (!isTable) {
    const lines = plain ? rows : [columns.map((column) => column.heading), ...rows, totalCells(result, false)];
    for (const cells of lines) stdout.write(`${cells.join("\t")}\n`);
    return;
  }
  const [head = "", ...lines] = textTable(columns, rows, totalCells(result, true));
  const total = lines.pop() ?? "";
  const bold = (line: string): string => styleText("bold", line, { stream: stdout });
  stdout.write(`${[bold(head), ...lines, bold(total), "", footer(result)].join("\n")}\n`);
}

function columnsOf({ query, buckets }: QueryResponse, isTable: boolean): readonly Column[] {
  const [first] = query.metrics;
  return [
    ...(buckets.length === 0 ? [] : [left("FROM")]),
    ...query.groupBy.map((name) => left(name.toUpperCase())),
    ...query.metrics.map((metric) => right(metricHeading(metric))),
    ...(isTable && buckets.length === 0 && isSum(first) ? [left("SHARE")] : []),
    ...(isTable && buckets.length === 0 && query.compare === "previous" ? [right("Δ")] : []),
  ];
}

function cellsOf(result: QueryResponse, { bucket, series, values }: StatsRow, isTable: boolean): readonly string[] {
  const { query, totals } = result;
  const [first] = query.metrics;
  const groups = query.groupBy.map((_, index) =>
    series.other ? (index === 0 ? "other" : "") : printable(series.key[index] ?? "unknown"),
  );
  const shown = query.metrics.map((metric) => (isTable ? formatMetric(metric, values[metric]) : exact(values, metric)));
  const cells = [...(bucket === undefined ? [] : [bucketText(bucket)]), ...groups, ...shown];
  if (!isTable || bucket !== undefined) return cells;
  if (isSum(first)) cells.push(shareText(values[first] ?? null, totals.total[first] ?? null));
  if (query.compare === "previous" && first !== undefined)
    cells.push(formatChange(values[first], series.previous?.[first]));
  return cells;
}

function totalCells({ query, totals, buckets }: QueryResponse, isTable: boolean): readonly string[] {
  const [first] = query.metrics;
  const before = [...(buckets.length === 0 ? [] : ["total"]), ...query.groupBy.map(() => "")];
  if (buckets.length === 0 && before.length > 0) before[0] = "total";
  const shown = query.metrics.map((metric) =>
    isTable ? formatMetric(metric, totals.total[metric]) : exact(totals.total, metric),
  );
  if (!isTable || buckets.length > 0) return [...before, ...shown];
  const share = isSum(first) ? [""] : [];
  const delta =
    query.compare === "previous" && first !== undefined
      ? [formatChange(totals.total[first], totals.previous?.[first])]
      : [];
  return [...before, ...shown, ...share, ...delta];
}

function printChart(terminal: Terminal, result: QueryResponse): void {
  const { query, series, totals, buckets } = result;
  const [first] = query.metrics;
  if (first === undefined) return;
  const lines = [...series, totals].map((each, index) => [
    index === series.length ? "total" : each.other ? "other" : printable(each.label),
    sparkline(each.points[first] ?? []),
    formatMetric(first, each.total[first]),
  ]);
  const columns = [left(query.groupBy.join(", ").toUpperCase()), left(metricHeading(first)), right("TOTAL")];
  const [head = "", ...rest] = textTable(columns, lines);
  const span = `${bucketText(buckets[0] ?? "")} to ${bucketText(query.to)}, ${query.bucket} per bar`;
  terminal.stdout.write(
    `${[styleText("bold", head, { stream: terminal.stdout }), ...rest, "", span, footer(result)].join("\n")}\n`,
  );
}

/** The range of the result, and how much of it is unknown. */
function footer({ query, coverage, totals }: QueryResponse): string {
  const parts = [`${bucketText(query.from)} to ${bucketText(query.to)} (${query.tz})`];
  if (coverage.requests > 0) {
    parts.push(
      `usage known for ${((coverage.withUsage / coverage.requests) * 100).toFixed(1)} % of ${coverage.requests} requests`,
    );
  }
  if (totals.total.cost !== undefined) {
    const models = coverage.unpricedModels.length;
    const unpriced =
      models === 0 ? "" : `, ${models} ${models === 1 ? "model" : "models"} without a price (lmgate prices unpriced)`;
    parts.push(`cost estimated from list prices${unpriced}`);
  }
  return parts.join(" · ");
}

function emptyText({ query }: QueryResponse): string {
  const filters = query.filters.length === 0 ? "" : " with these filters";
  return `no requests${filters} from ${bucketText(query.from)} to ${bucketText(query.to)} (${query.tz})`;
}

/** A share of the total is shown only for metrics that are sums. */
function isSum(metric: Metric | undefined): metric is Metric {
  return metric !== undefined && /^(cost|requests|errors|.*_tokens)$/.test(metric);
}

function shareText(value: number | null, total: number | null): string {
  if (value === null || total === null || total === 0) return "";
  const share = value / total;
  return `${shareBar(share, BAR_WIDTH).padEnd(BAR_WIDTH)} ${(share * 100).toFixed(0).padStart(3)} %`;
}

function exact(values: Values, metric: Metric): string {
  const value = values[metric];
  return value === null || value === undefined ? "" : String(value);
}

/** `2026-11-23 10:00`; the footer names the time zone. */
function bucketText(moment: string): string {
  return moment.slice(0, 16).replace("T", " ");
}

function left(text: string): Column {
  return { heading: text, align: "left" };
}

function right(text: string): Column {
  return { heading: text, align: "right" };
}
