import type { DuckDBConnection } from "@duckdb/node-api";
import { coverageOf } from "../backends/sql/coverage-sql.ts";
import { decide, type QueryPlan } from "./plan-query.ts";
import { keyOf, labelOf } from "../schema/dimensions.ts";
import type { FactsRange } from "../backends/sql/measures-sql.ts";
import type { HourCache } from "../backends/memory/hour-cache.ts";
import { ColumnScan, lastTime, type Facts } from "../backends/memory/column-scan.ts";
import { resultOf, type Asked, type QueryResult, type Group, type GroupValues } from "../backends/sql/aggregate-sql.ts";
import type { Answer, Coverage, Metric, Query, Series, Values } from "../schema/query.ts";
import { memoryCoverage } from "../backends/memory/memory-coverage.ts";
import { memoryResult } from "../backends/memory/aggregate.ts";
import { numberIn } from "../duckdb/statement.ts";
import { withOffset } from "../time/time-zone.ts";

export interface AskOptions {
  readonly now: number;
  /** Everything from single calls, as if there were no sums of hours. The answer is the same, later. */
  readonly fromCalls?: boolean;
  /** What is in it need not be asked of the database. The answer is the same, sooner. */
  readonly memory?: HourCache | undefined;
}

/** To be run in one state of the store. Throws a `QueryError` for what cannot be answered. */
export async function ask(connection: DuckDBConnection, question: Query, options: AskOptions): Promise<Answer> {
  const decided = decide(question, options.now);
  const { zone, range } = decided;
  const current = rangeOfRequests(decided, options.fromCalls);
  const earlier = question.compare === "previous" ? earlierRange(decided, current) : undefined;
  const ranges = earlier === undefined ? [current] : [current, earlier];
  const facts = await options.memory?.facts(connection, ranges);
  const { figures, previous, coverage, throughMs } =
    facts === undefined
      ? await storedFacts(connection, decided, { current, earlier, memory: options.memory })
      : rememberedFacts(facts, decided, current, earlier);
  return {
    query: {
      ...question,
      from: withOffset(zone, range.from),
      to: withOffset(zone, range.to),
      tz: zone.name,
      bucket: decided.size,
      order: `${decided.order.descending ? "-" : ""}${decided.order.by}`,
    },
    buckets: decided.size === "none" ? [] : decided.edges.slice(0, -1).map((edge) => withOffset(zone, edge)),
    series: seriesOf(decided, figures, previous),
    totals: shown(decided, { name: "all", key: [], label: "total" }, figures, previous),
    coverage,
    partialFrom: partialFrom(decided, options.now),
    through: throughMs === null ? null : new Date(throughMs).toISOString(),
    generatedAt: new Date(options.now).toISOString(),
  };
}

interface Found {
  readonly figures: QueryResult;
  readonly previous: QueryResult | undefined;
  readonly coverage: Coverage;
  /** When the last call ended. */
  readonly throughMs: number | null;
}

interface Ranges {
  readonly current: FactsRange;
  readonly earlier: FactsRange | undefined;
  readonly memory: HourCache | undefined;
}

async function storedFacts(connection: DuckDBConnection, decided: QueryPlan, ranges: Ranges): Promise<Found> {
  const { current, earlier, memory } = ranges;
  const figures = await resultOf(connection, current, { ...decided, groups: undefined });
  const previous = earlier && (await resultOf(connection, earlier, { ...decided, groups: figures.groups }));
  // Groups and buckets, for which single calls had to be looked at, are nothing to the coverage.
  const whole = { ...current, dimensions: [], edges: [current.from, current.to] };
  const facts = await memory?.facts(connection, [whole]);
  if (facts !== undefined) {
    const coverage = memoryCoverage(new ColumnScan(facts, whole));
    return { figures, previous, coverage, throughMs: lastTime(facts) };
  }
  const last = await connection.runAndReadAll("SELECT epoch_ms(max(last_ts)) AS ms FROM hours");
  const [row] = last.getRowObjectsJS();
  const throughMs = row === undefined ? null : numberIn(row, "ms");
  return { figures, previous, coverage: await coverageOf(connection, current), throughMs };
}

function rememberedFacts(
  facts: Facts,
  decided: QueryPlan,
  current: FactsRange,
  earlier: FactsRange | undefined,
): Found {
  const selection = new ColumnScan(facts, current);
  const asked = (groups: readonly GroupValues[] | undefined): Asked => ({ ...decided, groups });
  const figures = memoryResult(selection, asked(undefined), current.edges.length - 1);
  const previous =
    earlier && memoryResult(new ColumnScan(facts, earlier), asked(figures.groups), earlier.edges.length - 1);
  return { figures, previous, coverage: memoryCoverage(selection), throughMs: lastTime(facts) };
}

export function rangeOfRequests({ question, zone, range, edges }: QueryPlan, fromCalls = false): FactsRange {
  const { from, to } = range;
  const { groupBy, filters } = question;
  return { zone, from, to, edges, dimensions: groupBy, filters, fromCalls };
}

/** Bucket by bucket the moments to compare with; what a calendar makes shorter there ends in empty buckets. */
function earlierRange({ range, edges }: QueryPlan, current: FactsRange): FactsRange {
  const earlier = edges.map((edge) => range.earlier(edge));
  return { ...current, from: range.earlier(range.from), to: range.earlier(range.to), edges: earlier };
}

function seriesOf(decided: QueryPlan, figures: QueryResult, previous: QueryResult | undefined): Series[] {
  const { groupBy } = decided.question;
  if (groupBy.length === 0) return [];
  const named = figures.groups.map((group, slot) => {
    const key = groupBy.map((dimension, at) => keyOf(dimension, group[at]));
    const label = groupBy.map((dimension, at) => labelOf(dimension, key[at] ?? null)).join(" · ");
    return shown(decided, { name: slot, key, label }, figures, previous);
  });
  if (!figures.has("other") && previous?.has("other") !== true) return named;
  return [...named, shown(decided, { name: "other", key: [], label: "other" }, figures, previous)];
}

interface Shown {
  readonly name: Group;
  readonly key: (string | null)[];
  readonly label: string;
}

function shown(
  decided: QueryPlan,
  { name, key, label }: Shown,
  figures: QueryResult,
  previous: QueryResult | undefined,
): Series {
  const { metrics } = decided.question;
  return {
    key,
    label,
    other: name === "other",
    total: totalOf(metrics, figures, name),
    previous: previous === undefined ? null : totalOf(metrics, previous, name),
    points: pointsOf(decided, figures, name),
    previousPoints: previous === undefined ? null : pointsOf(decided, previous, name),
  };
}

function totalOf(metrics: readonly Metric[], figures: QueryResult, name: Group): Values {
  return Object.fromEntries(metrics.map((metric) => [metric, figures.total(name, metric) ?? null]));
}

function pointsOf({ question, size, edges }: QueryPlan, figures: QueryResult, name: Group): Series["points"] {
  const count = size === "none" ? 0 : edges.length - 1;
  return Object.fromEntries(
    question.metrics.map((metric) => {
      const points = Array.from({ length: count }, (_, bucket) => figures.at(name, bucket, metric) ?? null);
      return [metric, points];
    }),
  );
}

/** Calls are told by when they ended, so that a bucket that is over has them all. */
function partialFrom({ range, edges, zone }: QueryPlan, now: number): string | null {
  if (range.to < now) return null;
  const begun = edges.slice(0, -1).findLast((edge) => edge <= now);
  return withOffset(zone, begun ?? range.from);
}
