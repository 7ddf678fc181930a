import type { TokenCounts } from "./gate-delta.ts";

/** What the ledger thread adds to the metrics: counts since its previous delta. Plain data. */
export interface AccountsDelta {
  readonly providers: Readonly<Record<string, ProviderAccounts>>;
  /** Pending answers that made room for newer ones before their use was known: it will not be counted. */
  readonly forgotten: number;
}

export interface ProviderAccounts {
  readonly costUsd: number;
  /** Tokens of calls that nobody has a price for. */
  readonly unpricedTokens: number;
  /** Tokens that became known after their call had ended, which the data threads therefore did not count. */
  readonly settled: TokenCounts;
}
