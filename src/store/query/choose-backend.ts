import type { DuckDBConnection } from "@duckdb/node-api";
import type { Backend } from "../backends/backend.ts";
import type { HourCache } from "../backends/memory/hour-cache.ts";
import { MemoryBackend } from "../backends/memory/memory-backend.ts";
import type { QueryRange } from "../backends/query-range.ts";
import { SqlBackend } from "../backends/sql/sql-backend.ts";

export interface QueryContext {
  readonly now: number;
  /** Commands that run one query have none. */
  readonly cache?: HourCache | undefined;
}

/** `MemoryBackend` if the cache holds all that the ranges need, else `SqlBackend`. The result is the same. */
export async function chooseBackend(
  connection: DuckDBConnection,
  { cache }: Pick<QueryContext, "cache">,
  ranges: readonly QueryRange[],
): Promise<Backend> {
  const rows = await cache?.rowsFor(connection, ranges);
  return rows === undefined ? new SqlBackend(connection) : new MemoryBackend(rows);
}
