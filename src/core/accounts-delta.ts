import type { TokenCounts } from "./gate-delta.ts";

/** What the ledger thread adds to the metrics: counts since its previous delta, by provider. Plain data. */
export type AccountsDelta = Readonly<Record<string, ProviderAccounts>>;

export interface ProviderAccounts {
  readonly costUsd: number;
  /** Tokens of calls that nobody has a price for. */
  readonly unpricedTokens: number;
  /** Tokens that became known after their call had ended, which the data threads therefore did not count. */
  readonly settled: TokenCounts;
}
