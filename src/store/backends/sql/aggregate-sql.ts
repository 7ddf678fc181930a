import type { DuckDBConnection } from "@duckdb/node-api";
import { bucketMiddleMs } from "../../schema/duration-buckets.ts";
import type { Order } from "../../query/plan-query.ts";
import { durationsSql, factsSql, type FactsRange } from "./measures-sql.ts";
import { computationOf, ofNothing, percentileOf, type Figure } from "../../schema/measures.ts";
import type { Metric, Query } from "../../schema/query.ts";
import { numberIn, Statement, whole, type Row } from "../../duckdb/statement.ts";

/** A group by its place, the rest of them, or all calls. */
export type Group = number | "other" | "all";

/** The values of a group's dimensions, as the store has them. */
export type GroupValues = readonly unknown[];

export interface Asked {
  readonly question: Query;
  readonly order: Order;
  /** The groups to tell apart; `undefined`: the first ones in order. */
  readonly groups: readonly GroupValues[] | undefined;
}

/** The metrics of each group, over all time and bucket by bucket. */
export class QueryResult {
  readonly groups: readonly GroupValues[];
  readonly #values = new Map<string, number | null>();
  readonly #seen = new Set<string>();

  constructor(groups: readonly GroupValues[]) {
    this.groups = groups;
  }

  set(group: Group, bucket: number | "all", metric: Metric, value: number | null): void {
    this.#values.set(`${group} ${bucket} ${metric}`, value);
  }

  saw(group: Group, bucket: number | "all"): void {
    this.#seen.add(`${group} ${bucket}`);
  }

  has(group: Group): boolean {
    return this.#seen.has(`${group} all`);
  }

  total(group: Group, metric: Metric): number | null {
    return this.#value(group, "all", metric);
  }

  at(group: Group, bucket: number, metric: Metric): number | null {
    return this.#value(group, bucket, metric);
  }

  #value(group: Group, bucket: number | "all", metric: Metric): number | null {
    if (!this.#seen.has(`${group} ${bucket}`)) return ofNothing(metric);
    return this.#values.get(`${group} ${bucket} ${metric}`) ?? null;
  }
}

export async function resultOf(connection: DuckDBConnection, range: FactsRange, asked: Asked): Promise<QueryResult> {
  const { metrics, groupBy } = asked.question;
  const groups = asked.groups ?? (await firstByPercentile(connection, range, asked));
  const figures = await summed(connection, range, { ...asked, groups });
  for (const kind of ["duration", "ttft"] as const) {
    const wanted = metrics.filter((metric) => percentileOf(metric)?.of === kind);
    if (wanted.length === 0) continue;
    const statement = new Statement();
    const among = topSql(figures.groups, groupBy.length, statement);
    const sql = percentilesSql({ facts: durationsSql(range, kind, statement), among, asked, wanted });
    for (const row of await statement.rows(connection, sql)) addRow(figures, row, wanted, bucketMiddleMs);
  }
  return figures;
}

/** Reads all calls once, sums them by group and bucket, and sums those up. */
async function summed(connection: DuckDBConnection, range: FactsRange, asked: Asked): Promise<QueryResult> {
  const { question, groups } = asked;
  const statement = new Statement();
  const computed = question.metrics.flatMap((metric) => {
    const computation = computationOf(metric);
    return computation === undefined ? [] : [{ metric, ...computation }];
  });
  const ordering = asked.order.by === "key" ? undefined : computationOf(asked.order.by);
  const figures = [
    ...new Set<Figure>(["requests", ...(ordering?.figures ?? []), ...computed.flatMap((each) => each.figures)]),
  ];
  const keys = keysOf(question);
  const sums = figures.map((figure) => `sum(${figure}) AS ${figure}`);
  const top = groups === undefined ? firstSql(asked, keys) : topSql(groups, keys.length, statement);
  const measures = computed.map(({ sql }, at) => `${sql} AS m${at}`);
  const sql = `
    WITH cells AS MATERIALIZED (
      SELECT ${[...keys, "b", ...sums].join(", ")} FROM (${factsSql(range, figures, statement)}) GROUP BY ${[...keys, "b"].join(", ")}
    ), top AS (${top})
    SELECT ${[...shownKeys(question, keys), ...measures].join(", ")}
    FROM ${withTop("cells", keys)} GROUP BY ${groupingSets(question, keys)} HAVING sum(requests) > 0`;
  const rows = await statement.rows(connection, sql);
  const result = new QueryResult(groups ?? groupsIn(rows, keys));
  const metrics = computed.map(({ metric }) => metric);
  for (const row of rows) addRow(result, row, metrics, (value) => value);
  return result;
}

/** Calls by bucket of duration in each group and bucket of time, then the one in which the rank falls. */
function percentilesSql(parts: {
  readonly facts: string;
  readonly among: string;
  readonly asked: Asked;
  readonly wanted: readonly Metric[];
}): string {
  const { question } = parts.asked;
  const keys = keysOf(question);
  const measures = parts.wanted.map((metric, at) => `${rankSql(percentileOf(metric)?.percent ?? 0)} AS m${at}`);
  const sets = groupingSets(question, keys, "d");
  const group = ["every_group", "every_bucket", "slot", "b"];
  return `
    WITH cells AS MATERIALIZED (
      SELECT ${[...keys, "b", "d", "sum(n) AS n"].join(", ")} FROM (${parts.facts}) GROUP BY ${[...keys, "b", "d"].join(", ")}
    ), top AS (${parts.among}), counted AS (
      SELECT ${shownKeys(question, keys).join(", ")}, d, sum(n) AS n FROM ${withTop("cells", keys)} GROUP BY ${sets}
    ), ranked AS (
      SELECT *, sum(n) OVER (PARTITION BY ${group.join(", ")} ORDER BY d) AS upto,
        sum(n) OVER (PARTITION BY ${group.join(", ")}) AS whole FROM counted
    )
    SELECT ${[...group, ...measures].join(", ")} FROM ranked GROUP BY ${group.join(", ")}`;
}

/** The nearest rank: the first bucket by which that share of the calls is reached. */
function rankSql(percent: number): string {
  return `min(d) FILTER (upto * 100 >= whole * ${whole(percent)})`;
}

/** Groups in the order of a percentile, which has to be known before the rest can be summed. */
async function firstByPercentile(
  connection: DuckDBConnection,
  range: FactsRange,
  { question, order }: Asked,
): Promise<readonly GroupValues[] | undefined> {
  const percentile = order.by === "key" ? undefined : percentileOf(order.by);
  const keys = keysOf(question);
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
    FROM (SELECT DISTINCT ${by} FROM (${factsSql(range, ["requests"], statement)})) AS every
    LEFT JOIN known ON ${sameKeys("every", "known", keys)}
    ORDER BY x ${order.descending ? "DESC" : "ASC"} NULLS LAST, ${keys.map((key) => `every.${key} NULLS LAST`).join(", ")}
    LIMIT ${whole(question.limit)}`;
  return (await statement.rows(connection, sql)).map((row) => keys.map((key) => row[key]));
}

function keysOf({ groupBy }: Query): readonly string[] {
  return groupBy.map((_, at) => `g${at}`);
}

/** The first groups in order; equal ones in the order of their names, so that it is always the same. */
function firstSql({ order, question }: Asked, keys: readonly string[]): string {
  if (keys.length === 0) return "SELECT 0 AS slot";
  const direction = order.descending ? "DESC" : "ASC";
  const names = keys.map((key) => `${key} ${order.by === "key" ? direction : "ASC"} NULLS LAST`);
  const metric = order.by === "key" ? undefined : computationOf(order.by);
  const by = [...(metric === undefined ? [] : [`${metric.sql} ${direction} NULLS LAST`]), ...names].join(", ");
  return `
    SELECT ${keys.join(", ")}, row_number() OVER (ORDER BY ${by}) - 1 AS slot FROM cells GROUP BY ${keys.join(", ")}
    QUALIFY slot < ${whole(question.limit)}`;
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

function withTop(cells: string, keys: readonly string[]): string {
  if (keys.length === 0) return cells;
  return `${cells} LEFT JOIN top ON ${sameKeys(cells, "top", keys)}`;
}

function sameKeys(one: string, other: string, keys: readonly string[]): string {
  return keys.map((key) => `${one}.${key} IS NOT DISTINCT FROM ${other}.${key}`).join(" AND ");
}

function shownKeys({ bucket }: Query, keys: readonly string[]): readonly string[] {
  const slot = keys.length === 0 ? ["NULL AS slot", "1 AS every_group"] : ["slot", "grouping(slot) AS every_group"];
  const time = bucket === "none" ? ["NULL AS b", "1 AS every_bucket"] : ["b", "grouping(b) AS every_bucket"];
  return [...slot, ...keys.map((key) => `top.${key} AS ${key}`), ...time];
}

/** Each group and all together, bucket by bucket and over all time: each computed from the calls, none from another. */
function groupingSets({ bucket }: Query, keys: readonly string[], also?: string): string {
  const group = keys.length === 0 ? [] : ["slot", ...keys.map((key) => `top.${key}`)];
  const rest = also === undefined ? [] : [also];
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

function addRow(figures: QueryResult, row: Row, metrics: readonly Metric[], shown: (value: number) => number): void {
  const group: Group = numberIn(row, "every_group") === 1 ? "all" : (numberIn(row, "slot") ?? "other");
  const bucket = numberIn(row, "every_bucket") === 1 ? "all" : (numberIn(row, "b") ?? "all");
  figures.saw(group, bucket);
  metrics.forEach((metric, at) => {
    const value = numberIn(row, `m${at}`);
    figures.set(group, bucket, metric, value === null ? null : shown(value));
  });
}
