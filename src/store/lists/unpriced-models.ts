import type { DuckDBConnection } from "@duckdb/node-api";
import { requestsIn } from "../query/plan-query.ts";
import type { HourCache } from "../backends/memory/hour-cache.ts";
import { ColumnScan } from "../backends/memory/column-scan.ts";
import { knowledgeSql, plainRange } from "../backends/sql/measures-sql.ts";
import type { Scope, UnpricedModel } from "../schema/reader.ts";
import { memoryUnpriced } from "../backends/memory/memory-coverage.ts";
import { numberIn, Statement, textIn, whole } from "../duckdb/statement.ts";

const MAX_MODELS = 10_000;

export async function unpricedModels(
  connection: DuckDBConnection,
  scope: Scope,
  { now, memory }: { readonly now: number; readonly memory?: HourCache | undefined },
): Promise<readonly UnpricedModel[]> {
  const range = plainRange(requestsIn(scope, now));
  const facts = await memory?.facts(connection, [range]);
  if (facts !== undefined) return memoryUnpriced(new ColumnScan(facts, range), MAX_MODELS);
  const statement = new Statement();
  const rows = await statement.rows(
    connection,
    `SELECT provider, coalesce(model, 'unknown') AS model, sum(unpriced) AS requests, sum(unpriced_tokens) AS tokens
      FROM (${knowledgeSql(range, statement)}) WHERE unpriced > 0 GROUP BY ALL
      ORDER BY tokens DESC, requests DESC, provider, model LIMIT ${whole(MAX_MODELS)}`,
  );
  return rows.map((row) => ({
    provider: textIn(row, "provider") ?? "unknown",
    model: textIn(row, "model") ?? "unknown",
    requests: numberIn(row, "requests") ?? 0,
    tokens: numberIn(row, "tokens") ?? 0,
  }));
}
