import type { TokenCounts } from "./proxy-deltas.ts";

/** What the ledger thread adds to the metrics: counts since its previous delta. Plain data. */
export interface CostDeltas {
  readonly costs: readonly CostDelta[];
  /** Pending answers that made room for newer ones before their use was known: it will not be counted. */
  readonly forgotten: number;
}

/** Of the calls of one owner to one model of a provider; `null`: unknown. */
export interface CostDelta {
  readonly provider: string;
  readonly model: string | null;
  readonly owner: string | null;
  readonly costUsd: number;
  /** Tokens of calls that nobody has a price for. */
  readonly unpricedTokens: number;
  /** Whether a price was found. */
  readonly priced: boolean;
  /** Tokens that became known after their call had ended, which the data threads therefore did not count. */
  readonly settled: TokenCounts;
}
