import type { DuckDBConnection } from "@duckdb/node-api";
import { numberIn, Statement, textIn, whole, type Row } from "../../duckdb/statement.ts";
import type { Coverage } from "../../schema/query.ts";
import { MAX_REASONS, MAX_UNPRICED_MODELS } from "../backend.ts";
import type { QueryRange } from "../query-range.ts";
import { coverageRowsSql } from "./measures-sql.ts";

/** How much of the usage and cost of the requests is known. */
export async function coverageInSql(connection: DuckDBConnection, range: QueryRange): Promise<Coverage> {
  const statement = new Statement();
  const sql = `
    WITH known AS MATERIALIZED (
      SELECT usage, CASE WHEN usage IN ('missing', 'estimated') THEN coalesce(usage_reason, 'unknown') END AS reason,
        CASE WHEN unpriced > 0 THEN coalesce(model, 'unknown') END AS model,
        sum(requests) AS requests, sum(unpriced) AS unpriced, sum(unpriced_tokens) AS unpriced_tokens
      FROM (${coverageRowsSql(range, statement)}) GROUP BY ALL
    )
    (SELECT 'usage' AS kind, usage AS name, sum(requests) AS requests, NULL AS tokens FROM known GROUP BY usage)
    UNION ALL
    (SELECT 'reason', reason, sum(requests) AS requests, NULL FROM known WHERE reason IS NOT NULL GROUP BY reason
      ORDER BY requests DESC, reason LIMIT ${whole(MAX_REASONS)})
    UNION ALL
    (SELECT 'unpriced', NULL, sum(unpriced), sum(unpriced_tokens) FROM known)
    UNION ALL
    (SELECT 'model', model, NULL, sum(unpriced_tokens) AS tokens FROM known WHERE model IS NOT NULL GROUP BY model
      ORDER BY tokens DESC, model LIMIT ${whole(MAX_UNPRICED_MODELS)})`;
  const rows = await statement.rows(connection, sql);
  const rowsOf = (kind: string): readonly Row[] => rows.filter((row) => row["kind"] === kind);
  const usage = new Map(rowsOf("usage").map((row) => [textIn(row, "name"), numberIn(row, "requests") ?? 0]));
  const count = (name: string): number => usage.get(name) ?? 0;
  const unpriced = rowsOf("unpriced")[0] ?? {};
  return {
    requests: [...usage.values()].reduce((sum, requests) => sum + requests, 0),
    withUsage: count("known"),
    estimated: count("estimated"),
    withoutUsage: count("missing"),
    notApplicable: count("not_applicable") + count("replay"),
    unpricedRequests: numberIn(unpriced, "requests") ?? 0,
    unpricedTokens: numberIn(unpriced, "tokens") ?? 0,
    unpricedModels: rowsOf("model").map((row) => textIn(row, "name") ?? "unknown"),
    reasons: rowsOf("reason").map((row) => ({
      reason: textIn(row, "name") ?? "unknown",
      requests: numberIn(row, "requests") ?? 0,
    })),
  };
}
