import type { DuckDBConnection } from "@duckdb/node-api";
import { numberIn, Statement, whole, type Row } from "../../duckdb/statement.ts";
import { bucketMiddleMs } from "../../schema/duration-buckets.ts";
import { formulaSql, measuresOf, percentileOf, percentilesAmong, sumFormula } from "../../schema/formula.ts";
import type { MeasureName } from "../../schema/measures.ts";
import type { Metric, Query } from "../../schema/query.ts";
import type { Aggregation } from "../backend.ts";
import type { QueryRange } from "../query-range.ts";
import { QueryResult, type Bucket, type Group, type GroupValues } from "../query-result.ts";
import { durationsSql, measuresSql } from "./measures-sql.ts";

/** The metrics of each group, for the whole range and for each bucket. */
export async function aggregateInSql(
  connection: DuckDBConnection,
  range: QueryRange,
  aggregation: Aggregation,
): Promise<QueryResult> {
  const { metrics, groupBy } = aggregation.query;
  const groups = aggregation.groups ?? (await firstByPercentile(connection, range, aggregation));
  const result = await summed(connection, range, { ...aggregation, groups });
  for (const kind of ["duration", "ttft"] as const) {
    const percentiles = percentilesAmong(metrics, kind);
    if (percentiles.length === 0) continue;
    const statement = new Statement();
    const shown = topSql(result.groups, groupBy.length, statement);
    const sql = percentilesSql({
      durations: durationsSql(range, kind, statement),
      shown,
      query: aggregation.query,
      percentiles,
    });
    for (const row of await statement.rows(connection, sql)) addRow(result, row, percentiles, bucketMiddleMs);
  }
  return result;
}

/** Reads all rows once, sums them by group and bucket, and adds these sums up for the totals. */
async function summed(connection: DuckDBConnection, range: QueryRange, aggregation: Aggregation): Promise<QueryResult> {
  const { query, order, groups } = aggregation;
  const statement = new Statement();
  const computed = query.metrics.flatMap((metric) => {
    const formula = sumFormula(metric);
    return formula === undefined ? [] : [{ metric, formula }];
  });
  const ordering = order.by === "key" ? undefined : sumFormula(order.by);
  const measures = new Set<MeasureName>(["requests", ...(ordering === undefined ? [] : measuresOf(ordering))]);
  for (const { formula } of computed) for (const measure of measuresOf(formula)) measures.add(measure);
  const names = [...measures];
  const keys = keysOf(query);
  const sums = names.map((measure) => `sum(${measure}) AS ${measure}`);
  const top = groups === undefined ? firstSql(aggregation, keys) : topSql(groups, keys.length, statement);
  const values = computed.map(({ formula }, at) => `${formulaSql(formula)} AS m${at}`);
  const sql = `
    WITH sums AS MATERIALIZED (
      SELECT ${[...keys, "b", ...sums].join(", ")} FROM (${measuresSql(range, names, statement)}) GROUP BY ${[...keys, "b"].join(", ")}
    ), top AS (${top})
    SELECT ${[...shownKeys(query, keys), ...values].join(", ")}
    FROM ${withTop("sums", keys)} GROUP BY ${groupingSets(query, keys)} HAVING sum(requests) > 0`;
  const rows = await statement.rows(connection, sql);
  const result = new QueryResult(groups ?? groupsIn(rows, keys));
  const metrics = computed.map(({ metric }) => metric);
  for (const row of rows) addRow(result, row, metrics, (value) => value);
  return result;
}

/** Counts requests by duration bucket in each group and time bucket, then finds the duration bucket of each rank. */
function percentilesSql(parts: {
  readonly durations: string;
  readonly shown: string;
  readonly query: Query;
  readonly percentiles: readonly Metric[];
}): string {
  const { query } = parts;
  const keys = keysOf(query);
  const ranks = parts.percentiles.map((metric, at) => `${rankSql(percentileOf(metric)?.percent ?? 0)} AS m${at}`);
  const sets = groupingSets(query, keys, "d");
  const group = ["every_group", "every_bucket", "slot", "b"];
  return `
    WITH sums AS MATERIALIZED (
      SELECT ${[...keys, "b", "d", "sum(n) AS n"].join(", ")} FROM (${parts.durations}) GROUP BY ${[...keys, "b", "d"].join(", ")}
    ), top AS (${parts.shown}), counted AS (
      SELECT ${shownKeys(query, keys).join(", ")}, d, sum(n) AS n FROM ${withTop("sums", keys)} GROUP BY ${sets}
    ), ranked AS (
      SELECT *, sum(n) OVER (PARTITION BY ${group.join(", ")} ORDER BY d) AS upto,
        sum(n) OVER (PARTITION BY ${group.join(", ")}) AS whole FROM counted
    )
    SELECT ${[...group, ...ranks].join(", ")} FROM ranked GROUP BY ${group.join(", ")}`;
}

/** The nearest rank: the first bucket at which the running count reaches that share of the requests. */
function rankSql(percent: number): string {
  return `min(d) FILTER (upto * 100 >= whole * ${whole(percent)})`;
}

/** The first groups if the order is a percentile, which has to be known before the sums are computed. */
async function firstByPercentile(
  connection: DuckDBConnection,
  range: QueryRange,
  { query, order }: Aggregation,
): Promise<readonly GroupValues[] | undefined> {
  const percentile = order.by === "key" ? undefined : percentileOf(order.by);
  const keys = keysOf(query);
  if (percentile === undefined || keys.length === 0) return undefined;
  const statement = new Statement();
  const by = keys.join(", ");
  const sql = `
    WITH counted AS (
      SELECT ${by}, d, sum(n) AS n FROM (${durationsSql(range, percentile.of, statement)}) GROUP BY ${by}, d
    ), ranked AS (
      SELECT *, sum(n) OVER (PARTITION BY ${by} ORDER BY d) AS upto, sum(n) OVER (PARTITION BY ${by}) AS whole FROM counted
    ), known AS (SELECT ${by}, ${rankSql(percentile.percent)} AS x FROM ranked GROUP BY ${by})
    SELECT ${keys.map((key) => `every.${key}`).join(", ")}
    FROM (SELECT DISTINCT ${by} FROM (${measuresSql(range, ["requests"], statement)})) AS every
    LEFT JOIN known ON ${sameKeys("every", "known", keys)}
    ORDER BY x ${order.descending ? "DESC" : "ASC"} NULLS LAST, ${keys.map((key) => `every.${key} NULLS LAST`).join(", ")}
    LIMIT ${whole(query.limit)}`;
  return (await statement.rows(connection, sql)).map((row) => keys.map((key) => row[key]));
}

function keysOf({ groupBy }: Query): readonly string[] {
  return groupBy.map((_, at) => `g${at}`);
}

/** The first groups in order. Ties are broken by the groups' names, so that the result is always the same. */
function firstSql({ order, query }: Aggregation, keys: readonly string[]): string {
  if (keys.length === 0) return "SELECT 0 AS slot";
  const direction = order.descending ? "DESC" : "ASC";
  const names = keys.map((key) => `${key} ${order.by === "key" ? direction : "ASC"} NULLS LAST`);
  const formula = order.by === "key" ? undefined : sumFormula(order.by);
  const by = [...(formula === undefined ? [] : [`${formulaSql(formula)} ${direction} NULLS LAST`]), ...names].join(
    ", ",
  );
  return `
    SELECT ${keys.join(", ")}, row_number() OVER (ORDER BY ${by}) - 1 AS slot FROM sums GROUP BY ${keys.join(", ")}
    QUALIFY slot < ${whole(query.limit)}`;
}

function topSql(groups: readonly GroupValues[], width: number, statement: Statement): string {
  const keys = Array.from({ length: width }, (_, at) => `g${at}`);
  if (groups.length === 0)
    return `SELECT ${["0 AS slot", ...keys.map((key) => `NULL AS ${key}`)].join(", ")} WHERE false`;
  const rows = groups.map((group, slot) => `(${[slot, ...group.map((each) => valueSql(each, statement))].join(", ")})`);
  return `SELECT * FROM (VALUES ${rows.join(", ")}) AS listed(${["slot", ...keys].join(", ")})`;
}

function valueSql(value: unknown, statement: Statement): string {
  if (value === null || value === undefined) return "NULL";
  return typeof value === "string" ? statement.value(value) : whole(Number(value));
}

function withTop(table: string, keys: readonly string[]): string {
  if (keys.length === 0) return table;
  return `${table} LEFT JOIN top ON ${sameKeys(table, "top", keys)}`;
}

function sameKeys(one: string, other: string, keys: readonly string[]): string {
  return keys.map((key) => `${one}.${key} IS NOT DISTINCT FROM ${other}.${key}`).join(" AND ");
}

function shownKeys({ bucket }: Query, keys: readonly string[]): readonly string[] {
  const slot = keys.length === 0 ? ["NULL AS slot", "1 AS every_group"] : ["slot", "grouping(slot) AS every_group"];
  const time = bucket === "none" ? ["NULL AS b", "1 AS every_bucket"] : ["b", "grouping(b) AS every_bucket"];
  return [...slot, ...keys.map((key) => `top.${key} AS ${key}`), ...time];
}

/** Each group and all requests, by bucket and for the whole range. Each is computed from the rows, none from another. */
function groupingSets({ bucket }: Query, keys: readonly string[], column?: string): string {
  const group = keys.length === 0 ? [] : ["slot", ...keys.map((key) => `top.${key}`)];
  const rest = column === undefined ? [] : [column];
  const sets = [[...group, ...rest], ...(keys.length > 0 ? [rest] : [])];
  const timed = bucket === "none" ? [] : sets.map((set) => [...set, "b"]);
  return `GROUPING SETS (${[...sets, ...timed].map((set) => `(${set.join(", ")})`).join(", ")})`;
}

function groupsIn(rows: readonly Row[], keys: readonly string[]): readonly GroupValues[] {
  const groups: GroupValues[] = [];
  for (const row of rows) {
    const slot = numberIn(row, "slot");
    if (slot !== null) groups[slot] = keys.map((key) => row[key]);
  }
  return groups;
}

function addRow(result: QueryResult, row: Row, metrics: readonly Metric[], convert: (value: number) => number): void {
  const group: Group = numberIn(row, "every_group") === 1 ? "all" : (numberIn(row, "slot") ?? "other");
  const bucket: Bucket = numberIn(row, "every_bucket") === 1 ? "all" : (numberIn(row, "b") ?? "all");
  result.addRequests(group, bucket);
  metrics.forEach((metric, at) => {
    const value = numberIn(row, `m${at}`);
    result.set(group, bucket, metric, value === null ? null : convert(value));
  });
}
