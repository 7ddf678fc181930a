import type { DuckDBConnection } from "@duckdb/node-api";
import { unbucketed } from "../backends/query-range.ts";
import { chooseBackend, type QueryContext } from "../query/choose-backend.ts";
import { requestsIn } from "../query/plan-query.ts";
import type { Scope, UnpricedModel } from "../schema/reader.ts";

const MAX_MODELS = 10_000;

/** Models that have usage without a price in the scope, those with the most tokens first. */
export async function unpricedModels(
  connection: DuckDBConnection,
  scope: Scope,
  context: QueryContext,
): Promise<readonly UnpricedModel[]> {
  const range = unbucketed(requestsIn(scope, context.now));
  const backend = await chooseBackend(connection, context, [range]);
  return await backend.unpriced(range, MAX_MODELS);
}
