import type { DuckDBConnection } from "@duckdb/node-api";
import type { HourCache } from "../backends/memory/hour-cache.ts";
import { ColumnScan, type Facts } from "../backends/memory/column-scan.ts";
import { factsSql, plainRange, type FactsRange } from "../backends/sql/measures-sql.ts";
import { computationOf } from "../schema/measures.ts";
import type { KeyActivity } from "../schema/reader.ts";
import { SummedFigures } from "../backends/memory/aggregate.ts";
import { numberIn, Statement, textIn } from "../duckdb/statement.ts";
import { DAY, timeZone } from "../time/time-zone.ts";

/** What each row of the allow-list did, for all of them at once. */
export async function keyActivity(
  connection: DuckDBConnection,
  { now, memory }: { readonly now: number; readonly memory?: HourCache | undefined },
): Promise<readonly KeyActivity[]> {
  const [lately, lastDay] = [rangeSince(now - 30 * DAY, now), rangeSince(now - DAY, now)];
  const facts = await memory?.facts(connection, [lately, lastDay]);
  const last = facts === undefined ? await lastUses(connection) : rememberedUses(facts);
  const [month, day] =
    facts === undefined
      ? [await sums(connection, lately), await sums(connection, lastDay)]
      : [rememberedSums(facts, lately), rememberedSums(facts, lastDay)];
  return [...last].map(([key, lastMs]) => {
    return {
      key,
      lastUsed: new Date(lastMs).toISOString(),
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

const COST = computationOf("cost");

function rangeSince(from: number, to: number): FactsRange {
  const zone = timeZone("UTC");
  if (zone === undefined) throw new Error("UTC is always there");
  return plainRange({ zone, from, to, filters: [] }, ["key"]);
}

/** When each was used last, in milliseconds. */
async function lastUses(connection: DuckDBConnection): Promise<ReadonlyMap<string, number>> {
  const sql = "SELECT key, epoch_ms(max(last_ts)) AS last_ms FROM hours WHERE key IS NOT NULL GROUP BY key";
  const all = await connection.runAndReadAll(sql);
  return new Map(all.getRowObjectsJS().map((row) => [textIn(row, "key") ?? "", numberIn(row, "last_ms") ?? 0]));
}

async function sums(connection: DuckDBConnection, range: FactsRange): Promise<ReadonlyMap<string, Sums>> {
  const statement = new Statement();
  const facts = factsSql(range, COST?.figures ?? [], statement);
  const sql = `SELECT g0, sum(requests) AS requests, ${COST?.sql} AS cost FROM (${facts}) GROUP BY g0`;
  const rows = await statement.rows(connection, sql);
  return new Map(
    rows.map((row) => [
      textIn(row, "g0") ?? "",
      { requests: numberIn(row, "requests") ?? 0, cost: numberIn(row, "cost") },
    ]),
  );
}

function rememberedUses({ rows, kinds }: Facts): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  for (const { block, where } of rows) {
    // What slices of hours have, the hours have as well.
    if (where === "slices") continue;
    for (const [kind, ms] of block.lasts) {
      const key = kinds[kind]?.key ?? null;
      if (key !== null && ms > (last.get(key) ?? -Infinity)) last.set(key, ms);
    }
  }
  return last;
}

function rememberedSums(facts: Facts, range: FactsRange): ReadonlyMap<string, Sums> {
  const selection = new ColumnScan(facts, range);
  const { values } = selection.groups;
  const figures = new SummedFigures(selection, COST?.figures ?? [], { count: values.length, of: (group) => group });
  return new Map(
    values.flatMap(([key], at) => {
      const of = figures.over([at]);
      const requests = of("requests") ?? 0;
      return requests === 0 ? [] : [[String(key ?? ""), { requests, cost: COST?.of(of) ?? null }] as const];
    }),
  );
}
