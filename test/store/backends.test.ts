// The contract of a backend: both compute the same numbers from the same store, to the last digit.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Backend } from "../../src/store/backends/backend.ts";
import { MemoryBackend } from "../../src/store/backends/memory/memory-backend.ts";
import { unbucketed, type QueryRange } from "../../src/store/backends/query-range.ts";
import type { QueryResult } from "../../src/store/backends/query-result.ts";
import { SqlBackend } from "../../src/store/backends/sql/sql-backend.ts";
import { planQuery, queryRangeOf, type QueryPlan } from "../../src/store/query/plan-query.ts";
import { dimensionNames, type Dimension } from "../../src/store/schema/dimensions.ts";
import { metricNames } from "../../src/store/schema/metrics.ts";
import { querySchema } from "../../src/store/schema/query.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { oddRecords } from "./odd-ledger.ts";
import { openStore, type OpenedStore } from "./opened-store.ts";

const NOW = Date.parse("2026-11-20T12:34:56.789Z");
/** Both ends are inside an hour, so that single requests are needed beside the hourly sums. */
const RANGE = { from: "2026-03-01T00:20:00Z", to: "2026-11-19T10:20:30Z" };
const GROUPINGS: readonly (readonly Dimension[])[] = [
  [],
  ...dimensionNames.map((name): readonly Dimension[] => [name]),
  ["owner", "model"],
  ["day", "provider"],
];

/** No test changes it. */
let opened: OpenedStore;
let close: () => unknown;
before(async () => {
  const owner: Parameters<typeof openStore>[0] = { after: (work) => void (close = work as () => unknown) }; // as: it takes no argument
  opened = await openStore(owner, oddRecords(seededRandom(7), 400), NOW);
});
after(() => close());

for (const groupBy of GROUPINGS) {
  const name = groupBy.length === 0 ? "nothing" : groupBy.join(" and ");
  test(`both backends aggregate every metric by ${name} alike`, async () => {
    const plan = planOf({ groupBy, bucket: "1w" });
    const range = queryRangeOf(plan);
    await withBackends([range], async (sql, memory) => {
      const expected = await sql.aggregate(range, { ...plan, groups: undefined });
      const actual = await memory.aggregate(range, { ...plan, groups: undefined });
      assert.deepEqual(valuesOf(actual, plan), valuesOf(expected, plan));
      assert.ok(expected.hasRequests("all"));
      const again = await memory.aggregate(range, { ...plan, groups: expected.groups });
      assert.deepEqual(valuesOf(again, plan), valuesOf(expected, plan), "for groups that are given");
    });
  });
}

test("both backends agree on coverage, unpriced models and the last request", async () => {
  const range = queryRangeOf(planOf({ groupBy: [], bucket: "none" }));
  await withBackends([range], async (sql, memory) => {
    assert.deepEqual(await memory.coverage(range), await sql.coverage(range));
    assert.deepEqual(await memory.unpriced(range, 20), await sql.unpriced(range, 20));
    assert.equal(await memory.lastRequest(), await sql.lastRequest());
  });
});

test("both backends find the same values of a dimension, in the same order", async () => {
  for (const dimension of ["owner", "model", "provider", "status"] as const) {
    const range = unbucketed(queryRangeOf(planOf({ groupBy: [], bucket: "none" })), [dimension]);
    await withBackends([range], async (sql, memory) => {
      for (const search of ["", "o", "%"]) {
        const expected = await sql.values(range, { search, limit: 1000 });
        assert.deepEqual(await memory.values(range, { search, limit: 1000 }), expected, `${dimension} ${search}`);
      }
    });
  }
});

test("both backends report the same activity of each key", async () => {
  const whole = queryRangeOf(planOf({ groupBy: [], bucket: "none" }));
  const ranges = [unbucketed(whole, ["key"]), unbucketed({ ...whole, from: whole.to - 30 * 86_400_000 }, ["key"])];
  await withBackends(ranges, async (sql, memory) => {
    const expected = await sql.keyActivity(ranges);
    const actual = await memory.keyActivity(ranges);
    assert.deepEqual(sorted(actual.lastUsed), sorted(expected.lastUsed));
    assert.deepEqual(actual.totals.map(sorted), expected.totals.map(sorted));
    assert.ok(expected.lastUsed.size > 0);
  });
});

async function withBackends(
  ranges: readonly QueryRange[],
  compare: (sql: Backend, memory: Backend) => Promise<void>,
): Promise<void> {
  const { use, cache } = opened;
  await use(async (connection) => {
    const rows = await cache.rowsFor(connection, ranges);
    assert.ok(rows, "memory holds what the ranges need");
    await compare(new SqlBackend(connection), new MemoryBackend(rows));
  });
}

function planOf(parts: { readonly groupBy: readonly Dimension[]; readonly bucket: string }): QueryPlan {
  return planQuery(querySchema.parse({ ...RANGE, ...parts, metrics: [...metricNames], limit: 1000 }), NOW);
}

/** Maps with the same entries in another order are equal. */
function sorted<T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...map].toSorted(([one], [other]) => (one < other ? -1 : 1));
}

/** Every value of a result: of each group, of the others and of all, for the range and for each bucket. */
function valuesOf(result: QueryResult, { edges }: QueryPlan): unknown {
  const buckets = [...edges.keys()].slice(0, -1);
  return {
    // DuckDB returns some whole numbers as bigint.
    groups: result.groups.map((values) => values.map((value) => (typeof value === "bigint" ? Number(value) : value))),
    values: [...result.groups.keys(), "other" as const, "all" as const].map((group) =>
      ["all" as const, ...buckets].map((bucket) => metricNames.map((metric) => result.get(group, bucket, metric))),
    ),
  };
}
