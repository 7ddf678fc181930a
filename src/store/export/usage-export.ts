import type { QueryPlan } from "../query/plan-query.ts";
import { durationsSql, measuresSql, type QueryRange } from "../backends/sql/measures-sql.ts";
import { figureColumn, textColumn, type ExportColumn } from "./export-columns.ts";
import { bucketMiddleSql } from "../schema/duration-buckets.ts";
import { computationOf, isCount, percentileOf, type Figure } from "../schema/measures.ts";
import type { Dimension, Metric } from "../schema/query.ts";
import { whole, type Statement } from "../duckdb/statement.ts";
import { withOffset } from "../time/time-zone.ts";

// The figures of a question as one table, of all groups: a line for each group and bucket in which something happened.

export interface Table {
  readonly columns: readonly ExportColumn[];
  /** A SELECT with the columns `b`, `g0`, `g1` and one for each metric, in order. */
  readonly sql: string;
}

export function usageTable(decided: QueryPlan, range: QueryRange, statement: Statement): Table {
  const { metrics, groupBy } = decided.question;
  const keys = ["b", ...groupBy.map((_, at) => `g${at}`)];
  const wanted = metrics.includes(orderMetric(decided)) ? metrics : [...metrics, orderMetric(decided)];
  const computed = wanted.filter((metric) => computationOf(metric) !== undefined);
  const figures = [...new Set<Figure>(["requests", ...computed.flatMap((each) => computationOf(each)?.figures ?? [])])];
  const sums = computed.map(
    (metric) => `${computationOf(metric)?.sql}${isCount(metric) ? "::BIGINT" : ""} AS ${metric}`,
  );
  const parts = [
    `summed AS (SELECT ${[...keys, "sum(requests) AS calls", ...sums].join(", ")}
      FROM (${measuresSql(range, figures, statement)}) GROUP BY ${keys.join(", ")})`,
  ];
  const joins: string[] = [];
  for (const kind of ["duration", "ttft"] as const) {
    const ranks = wanted.filter((metric) => percentileOf(metric)?.of === kind);
    if (ranks.length === 0) continue;
    parts.push(...ranksSql(kind, ranks, keys, durationsSql(range, kind, statement)));
    joins.push(
      `LEFT JOIN ${kind} ON ${keys.map((key) => `summed.${key} IS NOT DISTINCT FROM ${kind}.${key}`).join(" AND ")}`,
    );
  }
  const shown = [...keys.map((key) => `summed.${key}`), ...wanted].join(", ");
  const sql = `WITH ${parts.join(", ")} SELECT ${shown} FROM summed ${joins.join(" ")} ORDER BY ${orderSql(decided, keys)}`;
  return { sql, columns: columnsOf(decided) };
}

function ranksSql(kind: string, ranks: readonly Metric[], keys: readonly string[], facts: string): readonly string[] {
  const by = keys.join(", ");
  const measures = ranks.map((metric) => {
    const percent = percentileOf(metric)?.percent ?? 0;
    return `${bucketMiddleSql(`min(d) FILTER (upto * 100 >= whole * ${whole(percent)})`)} AS ${metric}`;
  });
  return [
    `${kind}_counts AS (SELECT ${by}, d, sum(n) AS n FROM (${facts}) GROUP BY ${by}, d)`,
    `${kind}_ranks AS (SELECT *, sum(n) OVER (PARTITION BY ${by} ORDER BY d) AS upto,
      sum(n) OVER (PARTITION BY ${by}) AS whole FROM ${kind}_counts)`,
    `${kind} AS (SELECT ${by}, ${measures.join(", ")} FROM ${kind}_ranks GROUP BY ${by})`,
  ];
}

function orderMetric({ order, question }: QueryPlan): Metric {
  return order.by === "key" ? (question.metrics[0] ?? "requests") : order.by;
}

/** Bucket by bucket, and within one as the question wants it. */
function orderSql({ order }: QueryPlan, keys: readonly string[]): string {
  const direction = order.descending ? "DESC" : "ASC";
  const [bucket = "b", ...groups] = keys.map((key) => `summed.${key}`);
  const metric = order.by === "key" ? [] : [`${order.by} ${direction} NULLS LAST`];
  const names = groups.map((key) => `${key} ${order.by === "key" ? direction : "ASC"} NULLS LAST`);
  return [bucket, ...metric, ...names].join(", ");
}

function columnsOf({ question, size, edges, zone }: QueryPlan): readonly ExportColumn[] {
  const { groupBy, metrics } = question;
  const groups = groupBy.map((dimension, at) => groupColumn(dimension, `g${at}`));
  const figures = metrics.map((metric) => figureColumn(metric, metric));
  if (size === "none") return [...groups, ...figures];
  // Written by us, and each is a digit, a sign or a letter that the format fixes.
  const starts = edges.slice(0, -1).map((edge) => `'${withOffset(zone, edge)}'`);
  return [figureColumn("from", `([${starts.join(", ")}])[b + 1]`), ...groups, ...figures];
}

function groupColumn(dimension: Dimension, key: string): ExportColumn {
  if (dimension === "day") return figureColumn(dimension, `strftime(DATE '1970-01-01' + ${key}::INTEGER, '%Y-%m-%d')`);
  const isNumber = dimension === "status" || dimension === "hour" || dimension === "weekday";
  return isNumber ? figureColumn(dimension, key) : textColumn(dimension, key);
}
