import type { DuckDBConnection } from "@duckdb/node-api";
import { callsOf } from "./decide.ts";
import { keyOf } from "./dimensions.ts";
import { factsSql, plainRange } from "./facts.ts";
import { QuestionFault } from "./question-fault.ts";
import type { DimensionValues, ValuesWanted } from "./reader.ts";
import { numberIn, Statement, whole } from "./statement.ts";

const MAX_VALUES_LISTED = 1_000;
const MAX_SEARCH = 200;

/** The values of a dimension among some calls, the most frequent first. */
export async function dimensionValues(
  connection: DuckDBConnection,
  wanted: ValuesWanted,
  now: number,
): Promise<DimensionValues> {
  const { dimension, search = "", limit } = wanted;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_VALUES_LISTED) {
    throw new QuestionFault("limit", `a list has 1 to ${MAX_VALUES_LISTED} values`);
  }
  if (search.length > MAX_SEARCH) throw new QuestionFault("search", `has more than ${MAX_SEARCH} characters`);
  const statement = new Statement();
  const facts = factsSql(plainRange(callsOf(wanted, now), [dimension]), ["requests"], statement);
  // `contains` takes the text as it is: nothing in it is a pattern.
  const found = search === "" ? "" : `WHERE contains(lower(g0::VARCHAR), lower(${statement.value(search)}))`;
  const sql = `
    SELECT g0, sum(requests) AS requests FROM (${facts}) ${found} GROUP BY g0
    ORDER BY requests DESC, g0 NULLS LAST LIMIT ${whole(limit + 1)}`;
  const rows = await statement.rows(connection, sql);
  return {
    dimension,
    values: rows.slice(0, limit).map((row) => ({
      value: keyOf(dimension, row["g0"]),
      requests: numberIn(row, "requests") ?? 0,
    })),
    more: rows.length > limit,
  };
}
