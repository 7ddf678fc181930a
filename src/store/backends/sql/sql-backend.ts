import type { DuckDBConnection } from "@duckdb/node-api";
import { numberIn, Statement, textIn, whole } from "../../duckdb/statement.ts";
import { formulaSql, measuresOf, sumFormula } from "../../schema/formula.ts";
import type { Coverage } from "../../schema/query.ts";
import type { UnpricedModel } from "../../schema/reader.ts";
import type { Aggregation, Backend, KeyTotals, KeyUsage, ValueCount, ValueSearch } from "../backend.ts";
import type { QueryRange } from "../query-range.ts";
import type { QueryResult } from "../query-result.ts";
import { aggregateInSql } from "./aggregate-sql.ts";
import { coverageInSql } from "./coverage-sql.ts";
import { coverageRowsSql, measuresSql } from "./measures-sql.ts";

/** Computes queries in DuckDB, from the relations `calls` and `hours`. */
export class SqlBackend implements Backend {
  readonly #connection: DuckDBConnection;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  aggregate(range: QueryRange, aggregation: Aggregation): Promise<QueryResult> {
    return aggregateInSql(this.#connection, range, aggregation);
  }

  coverage(range: QueryRange): Promise<Coverage> {
    return coverageInSql(this.#connection, range);
  }

  async values(range: QueryRange, { search, limit }: ValueSearch): Promise<readonly ValueCount[]> {
    const statement = new Statement();
    const rows = measuresSql(range, ["requests"], statement);
    // `contains` has no pattern characters, so the text is taken literally.
    const where = search === "" ? "" : `WHERE contains(lower(g0::VARCHAR), lower(${statement.value(search)}))`;
    const sql = `
      SELECT g0, sum(requests) AS requests FROM (${rows}) ${where} GROUP BY g0
      ORDER BY requests DESC, g0 NULLS LAST LIMIT ${whole(limit)}`;
    const values = await statement.rows(this.#connection, sql);
    return values.map((row) => ({ value: row["g0"], requests: numberIn(row, "requests") ?? 0 }));
  }

  async unpriced(range: QueryRange, limit: number): Promise<readonly UnpricedModel[]> {
    const statement = new Statement();
    const rows = await statement.rows(
      this.#connection,
      `SELECT provider, coalesce(model, 'unknown') AS model, sum(unpriced) AS requests, sum(unpriced_tokens) AS tokens
        FROM (${coverageRowsSql(range, statement)}) WHERE unpriced > 0 GROUP BY ALL
        ORDER BY tokens DESC, requests DESC, provider, model LIMIT ${whole(limit)}`,
    );
    return rows.map((row) => ({
      provider: textIn(row, "provider") ?? "unknown",
      model: textIn(row, "model") ?? "unknown",
      requests: numberIn(row, "requests") ?? 0,
      tokens: numberIn(row, "tokens") ?? 0,
    }));
  }

  async keyActivity(ranges: readonly QueryRange[]): Promise<KeyUsage> {
    const lastUsed = await this.#lastUsed();
    const totals: ReadonlyMap<string, KeyTotals>[] = [];
    // One after the other: a connection runs one statement at a time.
    for (const range of ranges) totals.push(await this.#keyTotals(range));
    return { lastUsed, totals };
  }

  async lastRequest(): Promise<number | null> {
    const result = await this.#connection.runAndReadAll("SELECT epoch_ms(max(last_ts)) AS ms FROM hours");
    const [row] = result.getRowObjectsJS();
    return row === undefined ? null : numberIn(row, "ms");
  }

  async #lastUsed(): Promise<ReadonlyMap<string, number>> {
    const sql = "SELECT key, epoch_ms(max(last_ts)) AS last_ms FROM hours WHERE key IS NOT NULL GROUP BY key";
    const result = await this.#connection.runAndReadAll(sql);
    return new Map(result.getRowObjectsJS().map((row) => [textIn(row, "key") ?? "", numberIn(row, "last_ms") ?? 0]));
  }

  async #keyTotals(range: QueryRange): Promise<ReadonlyMap<string, KeyTotals>> {
    const cost = sumFormula("cost");
    if (cost === undefined) throw new Error("cost is not a percentile");
    const statement = new Statement();
    const rows = measuresSql(range, measuresOf(cost), statement);
    const sql = `SELECT g0, sum(requests) AS requests, ${formulaSql(cost)} AS cost FROM (${rows}) WHERE g0 IS NOT NULL GROUP BY g0`;
    const keys = await statement.rows(this.#connection, sql);
    return new Map(
      keys.map((row) => [
        textIn(row, "g0") ?? "",
        { requests: numberIn(row, "requests") ?? 0, cost: numberIn(row, "cost") },
      ]),
    );
  }
}
