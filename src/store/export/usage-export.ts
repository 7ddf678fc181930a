import type { QueryRange } from "../backends/query-range.ts";
import { durationsSql, measuresSql } from "../backends/sql/measures-sql.ts";
import type { QueryPlan } from "../query/plan-query.ts";
import { numberColumn, textColumn, type ExportColumn } from "./export-columns.ts";
import { bucketMiddleSql } from "../schema/duration-buckets.ts";
import {
  formulaSql,
  isWholeNumber,
  measuresOf,
  percentileOf,
  percentilesAmong,
  sumFormula,
} from "../schema/formula.ts";
import type { MeasureName } from "../schema/measures.ts";
import type { Dimension, Metric } from "../schema/query.ts";
import { whole, type Statement } from "../duckdb/statement.ts";
import { withOffset } from "../time/time-zone.ts";

// The result of a query as one table of all groups: a row for each group and bucket with requests.

export interface Table {
  readonly columns: readonly ExportColumn[];
  /** A SELECT with the columns `b`, `g0`, `g1` and one for each metric, in order. */
  readonly sql: string;
}

export function usageTable(plan: QueryPlan, range: QueryRange, statement: Statement): Table {
  const { metrics, groupBy } = plan.query;
  const keys = ["b", ...groupBy.map((_, at) => `g${at}`)];
  const wanted = metrics.includes(orderMetric(plan)) ? metrics : [...metrics, orderMetric(plan)];
  const summed = wanted.flatMap((metric) => {
    const formula = sumFormula(metric);
    return formula === undefined ? [] : [{ metric, formula }];
  });
  const measures = [...new Set<MeasureName>(["requests", ...summed.flatMap(({ formula }) => measuresOf(formula))])];
  const sums = summed.map(
    ({ metric, formula }) => `${formulaSql(formula)}${isWholeNumber(metric) ? "::BIGINT" : ""} AS ${metric}`,
  );
  const parts = [
    `summed AS (SELECT ${[...keys, "sum(requests) AS calls", ...sums].join(", ")}
      FROM (${measuresSql(range, measures, statement)}) GROUP BY ${keys.join(", ")})`,
  ];
  const joins: string[] = [];
  for (const time of ["duration", "ttft"] as const) {
    const percentiles = percentilesAmong(wanted, time);
    if (percentiles.length === 0) continue;
    parts.push(...percentilesSql(time, percentiles, keys, durationsSql(range, time, statement)));
    joins.push(
      `LEFT JOIN ${time} ON ${keys.map((key) => `summed.${key} IS NOT DISTINCT FROM ${time}.${key}`).join(" AND ")}`,
    );
  }
  const shown = [...keys.map((key) => `summed.${key}`), ...wanted].join(", ");
  const sql = `WITH ${parts.join(", ")} SELECT ${shown} FROM summed ${joins.join(" ")} ORDER BY ${orderSql(plan, keys)}`;
  return { sql, columns: columnsOf(plan) };
}

function percentilesSql(
  time: string,
  percentiles: readonly Metric[],
  keys: readonly string[],
  histogramSql: string,
): readonly string[] {
  const by = keys.join(", ");
  const measures = percentiles.map((metric) => {
    const percent = percentileOf(metric)?.percent ?? 0;
    return `${bucketMiddleSql(`min(d) FILTER (upto * 100 >= whole * ${whole(percent)})`)} AS ${metric}`;
  });
  return [
    `${time}_counts AS (SELECT ${by}, d, sum(n) AS n FROM (${histogramSql}) GROUP BY ${by}, d)`,
    `${time}_ranks AS (SELECT *, sum(n) OVER (PARTITION BY ${by} ORDER BY d) AS upto,
      sum(n) OVER (PARTITION BY ${by}) AS whole FROM ${time}_counts)`,
    `${time} AS (SELECT ${by}, ${measures.join(", ")} FROM ${time}_ranks GROUP BY ${by})`,
  ];
}

function orderMetric({ order, query }: QueryPlan): Metric {
  return order.by === "key" ? (query.metrics[0] ?? "requests") : order.by;
}

/** Orders rows by bucket, and within a bucket as the query asks. */
function orderSql({ order }: QueryPlan, keys: readonly string[]): string {
  const direction = order.descending ? "DESC" : "ASC";
  const [bucket = "b", ...groups] = keys.map((key) => `summed.${key}`);
  const metric = order.by === "key" ? [] : [`${order.by} ${direction} NULLS LAST`];
  const names = groups.map((key) => `${key} ${order.by === "key" ? direction : "ASC"} NULLS LAST`);
  return [bucket, ...metric, ...names].join(", ");
}

function columnsOf({ query, size, edges, zone }: QueryPlan): readonly ExportColumn[] {
  const { groupBy, metrics } = query;
  const groups = groupBy.map((dimension, at) => groupColumn(dimension, `g${at}`));
  const values = metrics.map((metric) => numberColumn(metric, metric));
  if (size === "none") return [...groups, ...values];
  // Safe in SQL, because the format of these texts contains only digits, signs and letters.
  const starts = edges.slice(0, -1).map((edge) => `'${withOffset(zone, edge)}'`);
  return [numberColumn("from", `([${starts.join(", ")}])[b + 1]`), ...groups, ...values];
}

function groupColumn(dimension: Dimension, key: string): ExportColumn {
  if (dimension === "day") return numberColumn(dimension, `strftime(DATE '1970-01-01' + ${key}::INTEGER, '%Y-%m-%d')`);
  const isNumber = dimension === "status" || dimension === "hour" || dimension === "weekday";
  return isNumber ? numberColumn(dimension, key) : textColumn(dimension, key);
}
