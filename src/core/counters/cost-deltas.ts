import type { TokenCounts } from "./proxy-deltas.ts";

/** The ledger worker's counts since the last delta, which the main thread adds to the metrics. Plain data. */
export interface CostDeltas {
  readonly costs: readonly CostDelta[];
  /** Pending responses that were dropped before their usage was known; it will not be counted. */
  readonly forgotten: number;
}

/** The costs of one owner's requests to one model of a provider; `null` is an unknown name. */
export interface CostDelta {
  readonly provider: string;
  readonly model: string | null;
  readonly owner: string | null;
  readonly costUsd: number;
  /** Tokens for which no price is known. */
  readonly unpricedTokens: number;
  /** True if at least one request had a price. */
  readonly priced: boolean;
  /** Tokens that became known after their request had ended, so that no data worker has counted them. */
  readonly settled: TokenCounts;
}
