// Compares every number of a result with the sums of the ledger's lines, for random queries.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { execute } from "../../src/store/query/execute.ts";
import { dimensionNames } from "../../src/store/schema/dimensions.ts";
import { metricNames } from "../../src/store/schema/metrics.ts";
import { querySchema, type QueryResponse, type Metric, type Query, type Series } from "../../src/store/schema/query.ts";
import { rounds } from "../harness/sampling.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { HOSTILE, oddRecords, pick } from "./odd-ledger.ts";
import { openStore } from "./opened-store.ts";
import { bucketName, keyOf, localOf, localTime, matches, metricOf } from "./oracle.ts";

const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Chatham"];
const DIMENSIONS = [...dimensionNames, "tag:team", "tag:odd 'name'"] as const;
const NOW = Date.parse("2026-11-20T12:34:56.789Z");
/** Days around which ranges begin and end: those on which the clocks of a zone change, and others. */
const DAYS = ["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"];

const seed = Number(process.env["SEED"] ?? 20261123);
const roundCount = Number(process.env["ROUNDS"] ?? rounds(40, 8));

test(`values, totals, groups and buckets equal the sums of the ledger's lines (seed ${seed})`, async (t) => {
  const random = seededRandom(seed);
  const records = oddRecords(random, 3000);
  const { use, cache } = await openStore(t, records, NOW);
  for (let round = 0; round < roundCount; round += 1) {
    const query = randomQuery(random);
    const response = await use((connection) => execute(connection, query, { now: NOW }));
    const context = `round ${round}: ${JSON.stringify(query)}`;
    check(response, records, context);
    const single = await use((connection) => execute(connection, query, { now: NOW, fromRequests: true }));
    assert.deepEqual(single, response, `from single requests only, ${context}`);
    const fromMemory = await use((connection) => execute(connection, query, { now: NOW, cache }));
    assert.deepEqual(fromMemory, response, `from cache, ${context}`);
  }
});

function randomQuery(random: () => number): Query {
  const some = <T>(from: readonly T[], most: number): T[] => [
    ...new Set(Array.from({ length: Math.floor(random() * (most + 1)) }, () => pick(random, from) as T)),
  ];
  const day = Date.parse(pick(random, DAYS) ?? "");
  const whole = random() < 0.5 ? 3_600_000 : 1;
  const from = Math.floor((day - random() * 3 * 86_400_000) / whole) * whole;
  const to = Math.ceil((day + 86_400_000 + random() * 20 * 86_400_000) / whole) * whole;
  const metrics = some(metricNames, 5);
  const minutes = to - from < 2 * 86_400_000;
  return querySchema.parse({
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    tz: pick(random, ZONES),
    bucket: pick(random, ["auto", "none", "1h", "1d", "1w", "1mo", minutes ? "5m" : "1d"]),
    groupBy: some(DIMENSIONS, 2),
    metrics: metrics.length > 0 ? metrics : undefined,
    filters: random() < 0.5 ? [] : [randomFilter(random)],
    limit: pick(random, [1, 3, 20, 1000].slice(0, 3)),
    compare: random() < 0.3 ? "previous" : "none",
    order: random() < 0.3 ? `${pick(random, ["", "-"])}${pick(random, [...metricNames, "key"])}` : undefined,
  });
}

function randomFilter(random: () => number): unknown {
  const dimension = pick(random, DIMENSIONS);
  switch (dimension) {
    case "status":
      return {
        dimension,
        op: pick(random, ["gte", "lte", "is", "is_not"]),
        values: [pick(random, ["400", "429", "200"])],
      };
    case "hour":
      return { dimension, op: pick(random, ["gte", "lte", "is"]), values: [String(Math.floor(random() * 24))] };
    case "weekday":
      return { dimension, op: "is", values: ["6", "7"] };
    case "day":
      return { dimension, op: pick(random, ["gte", "lte", "is_not"]), values: [pick(random, DAYS)] };
    default: {
      const values = [
        pick(random, [...HOSTILE, "ann", "core", "gpt-5", "openai", "chat", "curl", null]),
        pick(random, ["bob", null]),
      ];
      return { dimension, op: pick(random, ["is", "is_not"]), values: random() < 0.5 ? values : values.slice(0, 1) };
    }
  }
}

function check(response: QueryResponse, all: readonly RequestRecord[], context: string): void {
  const { query } = response;
  const [from, to] = [Date.parse(query.from), Date.parse(query.to)];
  const wanted = within(all, from, to, query);
  checkSeries(response.totals, wanted, response, context);
  assert.equal(response.coverage.requests, wanted.length, context);
  if (query.groupBy.length === 0) return assert.deepEqual(response.series, [], context);
  const groups = Map.groupBy(wanted, (record) =>
    JSON.stringify(query.groupBy.map((each) => keyOf(record, each, query.tz))),
  );
  const named = response.series.filter(({ other }) => !other);
  assert.deepEqual(new Set(named.map(({ key }) => JSON.stringify(key))).size, named.length, context);
  assert.equal(named.length, Math.min(query.limit, groups.size), context);
  for (const series of named) checkSeries(series, groups.get(JSON.stringify(series.key)) ?? [], response, context);
  const rest = new Set(groups.keys());
  for (const { key } of named) rest.delete(JSON.stringify(key));
  const others = [...rest].flatMap((key) => groups.get(key) ?? []);
  const other = response.series.find((series) => series.other);
  assert.equal(
    other !== undefined || query.compare === "previous",
    others.length > 0 || query.compare === "previous",
    context,
  );
  if (other !== undefined) checkSeries(other, others, response, context);
  checkOrder(named, groups, response, context);
}

/** No group beyond the limit comes before one within it. */
function checkOrder(
  named: readonly Series[],
  groups: ReadonlyMap<string, readonly RequestRecord[]>,
  { query }: QueryResponse,
  context: string,
): void {
  const name = query.order.replace(/^-/, "");
  if (name === "key" || name.includes("_p")) return;
  const sign = query.order.startsWith("-") ? -1 : 1;
  const place = (key: string): number => {
    const value = metricOf(name, groups.get(key) ?? []);
    return value === null ? Infinity : value * sign;
  };
  const shown = named.map(({ key }) => place(JSON.stringify(key)));
  shown.forEach((value, at) => assert.ok(at === 0 || atMost(shown[at - 1] ?? 0, value), `${context}: order`));
  const keys = new Set(named.map(({ key }) => JSON.stringify(key)));
  const last = shown.at(-1) ?? Infinity;
  for (const key of groups.keys())
    if (!keys.has(key)) assert.ok(atMost(last, place(key)), `${context}: left out ${key}`);
}

function atMost(one: number, other: number): boolean {
  return one <= other || Math.abs(one - other) <= Math.abs(other) * 1e-9;
}

function within(
  all: readonly RequestRecord[],
  from: number,
  to: number,
  { filters, tz }: QueryResponse["query"],
): RequestRecord[] {
  return all.filter((record) => {
    const at = Date.parse(record.timestamp);
    return at >= from && at < to && matches(record, filters, tz);
  });
}

function checkSeries(
  series: Series,
  records: readonly RequestRecord[],
  { query, buckets }: QueryResponse,
  context: string,
): void {
  const of = `${context}, ${series.label}`;
  for (const metric of query.metrics) checkValue(metric, series.total[metric], records, of);
  if (query.bucket === "none") return;
  const parts = Map.groupBy(records, (record) =>
    bucketName(query.bucket, localTime(Date.parse(record.timestamp), query.tz)),
  );
  const names = buckets.map((start) => bucketName(query.bucket, localOf(start)));
  assert.equal(new Set(names).size, names.length, `${of}: each bucket once`);
  for (const name of parts.keys()) assert.ok(names.includes(name), `${of}: ${name} has a bucket`);
  names.forEach((name, at) => {
    const calls = parts.get(name) ?? [];
    for (const metric of query.metrics) checkValue(metric, series.points[metric]?.[at], calls, `${of}, bucket ${name}`);
  });
}

function checkValue(
  metric: Metric,
  value: number | null | undefined,
  records: readonly RequestRecord[],
  context: string,
): void {
  const right = metricOf(metric, records);
  if (right === null || value === null || value === undefined)
    return assert.equal(value, right, `${context}: ${metric}`);
  const slack = /_p\d\d$/.test(metric) ? right / 64 + 0.001 : Math.abs(right) * 1e-9;
  assert.ok(Math.abs(value - right) <= slack, `${context}: ${metric} is ${value}, not ${right}`);
}
