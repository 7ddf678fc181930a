import type { DuckDBConnection } from "@duckdb/node-api";
import { requestsIn } from "../query/plan-query.ts";
import { momentsSql, plainRange, type CallsRange } from "../backends/sql/measures-sql.ts";
import type { NearestRange, Scope } from "../schema/reader.ts";
import { numberIn, Statement } from "../duckdb/statement.ts";
import { DAY, HOUR, MINUTE, withOffset } from "../time/time-zone.ts";

/** For a range in which nothing matches: one as long in which something does, as near as there is one. */
export async function nearestRange(
  connection: DuckDBConnection,
  scope: Scope,
  now: number,
): Promise<NearestRange | undefined> {
  const range = requestsIn(scope, now);
  const before = await edgeOf(connection, { ...range, from: 0, to: range.from }, "max(last)");
  const after = await edgeOf(connection, { ...range, from: range.to, to: Math.max(now, range.to) + DAY }, "min(first)");
  const { zone } = range;
  const length = range.to - range.from;
  // At full units, so that the link is one that people would have chosen.
  const unit = length >= 2 * DAY ? DAY : length >= 2 * HOUR ? HOUR : MINUTE;
  const down = (instant: number): number => {
    const offset = zone.offsetAt(instant);
    return Math.floor((instant + offset) / unit) * unit - offset;
  };
  const isBefore = before !== null && (after === null || range.from - before <= after - range.to);
  const anchor = isBefore ? before : after;
  if (anchor === null) return undefined;
  const from = isBefore ? down(anchor) + unit - length : down(anchor);
  return { from: withOffset(zone, from), to: withOffset(zone, from + length) };
}

async function edgeOf(connection: DuckDBConnection, range: CallsRange, edge: string): Promise<number | null> {
  if (range.from >= range.to) return null;
  const statement = new Statement();
  const [row] = await statement.rows(
    connection,
    `SELECT ${edge} AS at FROM (${momentsSql(plainRange(range), statement)})`,
  );
  return row === undefined ? null : numberIn(row, "at");
}
