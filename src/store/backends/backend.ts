import type { Coverage, Metric, Query } from "../schema/query.ts";
import type { UnpricedModel } from "../schema/reader.ts";
import type { GroupValues, QueryResult } from "./query-result.ts";
import type { QueryRange } from "./query-range.ts";

/**
 * What computes queries: `SqlBackend` in DuckDB, `MemoryBackend` from columns in memory. Both give the same numbers, to the
 * last digit, as `test/store/backends.test.ts` checks.
 */
export interface Backend {
  /** The metrics of each group, for the whole range and for each bucket. */
  aggregate(range: QueryRange, aggregation: Aggregation): Promise<QueryResult>;
  /** How much of the usage and cost of the requests is known. Ignores the range's groups and buckets. */
  coverage(range: QueryRange): Promise<Coverage>;
  /** The values of the range's only dimension, those with the most requests first; at least `limit` if there are so many. */
  values(range: QueryRange, search: ValueSearch): Promise<readonly ValueCount[]>;
  /** Models that have usage without a price, those with the most tokens first. */
  unpriced(range: QueryRange, limit: number): Promise<readonly UnpricedModel[]>;
  /** Totals of each key in ranges that are grouped by key, and when each key was used last. */
  keyActivity(ranges: readonly QueryRange[]): Promise<KeyUsage>;
  /** When the last request of all ended, in milliseconds; `null` for an empty store. */
  lastRequest(): Promise<number | null>;
}

export interface Aggregation {
  readonly query: Query;
  readonly order: Order;
  /** The groups to compute; `undefined` for the first ones in order. */
  readonly groups: readonly GroupValues[] | undefined;
}

export interface Order {
  /** `key`: by the values of the groups. */
  readonly by: Metric | "key";
  readonly descending: boolean;
}

export interface ValueSearch {
  /** Part of the value, in any case; empty for all values. */
  readonly search: string;
  readonly limit: number;
}

export interface ValueCount {
  readonly value: unknown;
  readonly requests: number;
}

export interface KeyUsage {
  /** In milliseconds, over all time. */
  readonly lastUsed: ReadonlyMap<string, number>;
  /** One map for each range. */
  readonly totals: readonly ReadonlyMap<string, KeyTotals>[];
}

export interface KeyTotals {
  readonly requests: number;
  readonly cost: number | null;
}

/** Lists of coverage are cut at these lengths. */
export const MAX_UNPRICED_MODELS = 100;
export const MAX_REASONS = 50;
