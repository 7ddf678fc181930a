import type { DuckDBConnection } from "@duckdb/node-api";
import { unbucketed, type QueryRange } from "../backends/query-range.ts";
import { chooseBackend, type QueryContext } from "../query/choose-backend.ts";
import type { KeyActivity } from "../schema/reader.ts";
import { DAY, timeZone } from "../time/time-zone.ts";

/** The recent activity of every key that was ever used. */
export async function keyActivity(
  connection: DuckDBConnection,
  context: QueryContext,
): Promise<readonly KeyActivity[]> {
  const { now } = context;
  const ranges = [byKeySince(now - 30 * DAY, now), byKeySince(now - DAY, now)];
  const backend = await chooseBackend(connection, context, ranges);
  const { lastUsed, totals } = await backend.keyActivity(ranges);
  const [month, day] = totals;
  return [...lastUsed].map(([key, lastMs]) => ({
    key,
    lastUsed: new Date(lastMs).toISOString(),
    requests24h: day?.get(key)?.requests ?? 0,
    // A key without requests cost nothing; the cost of requests may be unknown.
    cost24h: day?.has(key) === true ? (day.get(key)?.cost ?? null) : 0,
    cost30d: month?.has(key) === true ? (month.get(key)?.cost ?? null) : 0,
  }));
}

function byKeySince(from: number, to: number): QueryRange {
  const zone = timeZone("UTC");
  if (zone === undefined) throw new Error("the runtime has no UTC");
  return unbucketed({ zone, from, to, filters: [] }, ["key"]);
}
