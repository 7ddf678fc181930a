import type { DuckDBConnection } from "@duckdb/node-api";
import { unbucketed, type RequestRange } from "../backends/query-range.ts";
import { firstAndLastSql } from "../backends/sql/measures-sql.ts";
import { numberIn, Statement } from "../duckdb/statement.ts";
import { requestsIn } from "../query/plan-query.ts";
import type { NearestRange, Scope } from "../schema/reader.ts";
import { DAY, HOUR, MINUTE, withOffset } from "../time/time-zone.ts";

/** For a scope without matching requests: the nearest range of the same length that has some. */
export async function nearestRange(
  connection: DuckDBConnection,
  scope: Scope,
  now: number,
): Promise<NearestRange | undefined> {
  const range = requestsIn(scope, now);
  const before = await timeOf(connection, { ...range, from: 0, to: range.from }, "max(last)");
  const after = await timeOf(connection, { ...range, from: range.to, to: Math.max(now, range.to) + DAY }, "min(first)");
  const { zone } = range;
  const length = range.to - range.from;
  // The range begins at a full unit, as a person would choose it.
  const unit = length >= 2 * DAY ? DAY : length >= 2 * HOUR ? HOUR : MINUTE;
  const roundDown = (instant: number): number => {
    const offset = zone.offsetAt(instant);
    return Math.floor((instant + offset) / unit) * unit - offset;
  };
  const isBefore = before !== null && (after === null || range.from - before <= after - range.to);
  const anchor = isBefore ? before : after;
  if (anchor === null) return undefined;
  const from = isBefore ? roundDown(anchor) + unit - length : roundDown(anchor);
  return { from: withOffset(zone, from), to: withOffset(zone, from + length) };
}

async function timeOf(connection: DuckDBConnection, range: RequestRange, aggregate: string): Promise<number | null> {
  if (range.from >= range.to) return null;
  const statement = new Statement();
  const [row] = await statement.rows(
    connection,
    `SELECT ${aggregate} AS at FROM (${firstAndLastSql(unbucketed(range), statement)})`,
  );
  return row === undefined ? null : numberIn(row, "at");
}
