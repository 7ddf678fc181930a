import type { DuckDBConnection } from "@duckdb/node-api";
import { unbucketed } from "../backends/query-range.ts";
import { chooseBackend, type QueryContext } from "../query/choose-backend.ts";
import { requestsIn } from "../query/plan-query.ts";
import { keyOf } from "../schema/dimensions.ts";
import { QueryError } from "../schema/query-error.ts";
import type { DimensionValues, ValuesQuery } from "../schema/reader.ts";

const MAX_LISTED = 1_000;
const MAX_SEARCH = 200;

/** The values of a dimension among the requests of a scope, those with the most requests first. */
export async function dimensionValues(
  connection: DuckDBConnection,
  query: ValuesQuery,
  context: QueryContext,
): Promise<DimensionValues> {
  const { dimension, search = "", limit } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LISTED) {
    throw new QueryError("limit", `must be a number from 1 to ${MAX_LISTED}`);
  }
  if (search.length > MAX_SEARCH) throw new QueryError("search", `is longer than ${MAX_SEARCH} characters`);
  const range = unbucketed(requestsIn(query, context.now), [dimension]);
  const backend = await chooseBackend(connection, context, [range]);
  // One more than the limit shows that there are more.
  const counts = await backend.values(range, { search, limit: limit + 1 });
  return {
    dimension,
    values: counts.slice(0, limit).map(({ value, requests }) => ({ value: keyOf(dimension, value), requests })),
    more: counts.length > limit,
  };
}
