import type { DuckDBConnection } from "@duckdb/node-api";
import { factsSql, plainRange } from "./facts.ts";
import { computationOf } from "./metrics.ts";
import type { KeyUse } from "./reader.ts";
import { numberIn, Statement, textIn } from "./statement.ts";
import { DAY, timeZone } from "./time-zone.ts";

/** What each row of the allow-list did, for all of them at once. */
export async function keyUse(connection: DuckDBConnection, now: number): Promise<readonly KeyUse[]> {
  const lately = `epoch_ms(max(last_ts)) AS last_ms`;
  const all = await connection.runAndReadAll(`SELECT key, ${lately} FROM hours WHERE key IS NOT NULL GROUP BY key`);
  const month = await sumsSince(connection, now - 30 * DAY, now);
  const day = await sumsSince(connection, now - DAY, now);
  return all.getRowObjectsJS().map((row) => {
    const key = textIn(row, "key") ?? "";
    return {
      key,
      lastUsed: new Date(numberIn(row, "last_ms") ?? 0).toISOString(),
      requests24h: day.get(key)?.requests ?? 0,
      cost24h: day.has(key) ? (day.get(key)?.cost ?? null) : 0,
      cost30d: month.has(key) ? (month.get(key)?.cost ?? null) : 0,
    };
  });
}

interface Sums {
  readonly requests: number;
  readonly cost: number | null;
}

async function sumsSince(connection: DuckDBConnection, from: number, to: number): Promise<ReadonlyMap<string, Sums>> {
  const zone = timeZone("UTC");
  const cost = computationOf("cost");
  if (zone === undefined || cost === undefined) throw new Error("UTC and cost are always there");
  const statement = new Statement();
  const facts = factsSql(plainRange({ zone, from, to, filters: [] }, ["key"]), cost.figures, statement);
  const sql = `SELECT g0, sum(requests) AS requests, ${cost.sql} AS cost FROM (${facts}) GROUP BY g0`;
  const rows = await statement.rows(connection, sql);
  return new Map(
    rows.map((row) => [
      textIn(row, "g0") ?? "",
      { requests: numberIn(row, "requests") ?? 0, cost: numberIn(row, "cost") },
    ]),
  );
}
