import type { DuckDBConnection } from "@duckdb/node-api";
import { callsOf } from "./decide.ts";
import type { FactMemory } from "./fact-memory.ts";
import { FactSelection } from "./fact-selection.ts";
import { knowledgeSql, plainRange } from "./facts.ts";
import type { Scope, UnpricedModel } from "./reader.ts";
import { rememberedUnpriced } from "./remembered-coverage.ts";
import { numberIn, Statement, textIn, whole } from "./statement.ts";

const MAX_MODELS = 10_000;

export async function unpricedModels(
  connection: DuckDBConnection,
  scope: Scope,
  { now, memory }: { readonly now: number; readonly memory?: FactMemory | undefined },
): Promise<readonly UnpricedModel[]> {
  const range = plainRange(callsOf(scope, now));
  const facts = await memory?.facts(connection, [range]);
  if (facts !== undefined) return rememberedUnpriced(new FactSelection(facts, range), MAX_MODELS);
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
