import type { DuckDBConnection } from "@duckdb/node-api";
import { requestsIn } from "../query/plan-query.ts";
import { keyOf } from "../schema/dimensions.ts";
import type { HourCache } from "../backends/memory/hour-cache.ts";
import { ColumnScan, type Facts } from "../backends/memory/column-scan.ts";
import { factsSql, plainRange, type FactsRange } from "../backends/sql/measures-sql.ts";
import { compareValues } from "../backends/compare-values.ts";
import type { DimensionValue } from "../schema/dimensions.ts";
import { QueryError } from "../schema/query-error.ts";
import type { DimensionValues, ValuesWanted } from "../schema/reader.ts";
import { numberIn, Statement, whole } from "../duckdb/statement.ts";

const MAX_VALUES_LISTED = 1_000;
const MAX_SEARCH = 200;

/** The values of a dimension among some calls, the most frequent first. */
export async function dimensionValues(
  connection: DuckDBConnection,
  wanted: ValuesWanted,
  { now, memory }: { readonly now: number; readonly memory?: HourCache | undefined },
): Promise<DimensionValues> {
  const { dimension, search = "", limit } = wanted;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_VALUES_LISTED) {
    throw new QueryError("limit", `a list has 1 to ${MAX_VALUES_LISTED} values`);
  }
  if (search.length > MAX_SEARCH) throw new QueryError("search", `has more than ${MAX_SEARCH} characters`);
  const range = plainRange(requestsIn(wanted, now), [dimension]);
  const facts = await memory?.facts(connection, [range]);
  const rows =
    facts === undefined ? await storedValues(connection, range, wanted) : rememberedValues(facts, range, wanted);
  return {
    dimension,
    values: rows.slice(0, limit).map(({ value, requests }) => ({ value: keyOf(dimension, value), requests })),
    more: rows.length > limit,
  };
}

interface ValueRow {
  readonly value: unknown;
  readonly requests: number;
}

async function storedValues(
  connection: DuckDBConnection,
  range: FactsRange,
  { search = "", limit }: ValuesWanted,
): Promise<readonly ValueRow[]> {
  const statement = new Statement();
  const facts = factsSql(range, ["requests"], statement);
  // `contains` takes the text as it is: nothing in it is a pattern.
  const found = search === "" ? "" : `WHERE contains(lower(g0::VARCHAR), lower(${statement.value(search)}))`;
  const sql = `
    SELECT g0, sum(requests) AS requests FROM (${facts}) ${found} GROUP BY g0
    ORDER BY requests DESC, g0 NULLS LAST LIMIT ${whole(limit + 1)}`;
  const rows = await statement.rows(connection, sql);
  return rows.map((row) => ({ value: row["g0"], requests: numberIn(row, "requests") ?? 0 }));
}

function rememberedValues(facts: Facts, range: FactsRange, { search = "" }: ValuesWanted): readonly ValueRow[] {
  const { requests, values } = countedGroups(facts, range);
  const isFound = (value: DimensionValue): boolean =>
    search === "" || (value !== null && String(value).toLowerCase().includes(search.toLowerCase()));
  const found = values.flatMap(([value = null], at) => {
    const count = requests[at] ?? 0;
    return count > 0 && isFound(value) ? [{ value, requests: count }] : [];
  });
  return found.toSorted((one, other) => other.requests - one.requests || compareValues(one.value, other.value, 1));
}

function countedGroups(
  facts: Facts,
  range: FactsRange,
): { readonly requests: Float64Array; readonly values: readonly (readonly DimensionValue[])[] } {
  const selection = new ColumnScan(facts, range);
  const { values } = selection.groups;
  const cells = selection.place({ count: values.length, of: (group) => group });
  return { values, requests: selection.sum("requests", cells).sums };
}
