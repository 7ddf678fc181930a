import type { CostDeltas } from "../../core/counters/cost-deltas.ts";
import { tokensOf, type BilledAmounts, type BillingFacts } from "../../core/usage/billing.ts";
import type { TokenCounts } from "../../core/counters/proxy-deltas.ts";
import type { DedupKey } from "../../core/usage/usage-dedup.ts";
import type { Cost, Prices } from "../../prices/prices.ts";
import { CostCounters } from "./cost-counters.ts";
import type { PendingUsage } from "./pending-usage.ts";

/**
 * What the ledger knows and a call's own thread does not: what the call cost, and whether an answer was counted before.
 * Both are given as the text of members that a finished record still lacks.
 */
export class CostAnnotator {
  #prices: Prices;
  readonly #pending: PendingUsage;
  #forgotten = 0;
  #accounts = new CostCounters();

  constructor(prices: Prices, pending: PendingUsage) {
    this.#prices = prices;
    this.#pending = pending;
  }

  /** Holds for records from now on. */
  setPrices(prices: Prices): void {
    this.#prices = prices;
  }

  /** Of a record whose text is complete but for its cost. */
  priced(billing: BillingFacts | undefined): string {
    if (billing === undefined) return "";
    const cost = this.#prices.costOf(billing);
    this.#count(billing, cost);
    return costMembers(cost);
  }

  pending(once: DedupKey): void {
    this.#pending.add(once);
  }

  isPending(once: DedupKey): boolean {
    return this.#pending.has(once);
  }

  /** Of a record whose text leaves open whether it counts. */
  decided(once: DedupKey, billing: BillingFacts | undefined): string {
    if (!this.#pending.settle(once)) return ',"usage_state":"replay"';
    if (billing !== undefined) this.#countSettled(billing);
    return `,"usage_state":"final"${this.priced(billing)}`;
  }

  /** What was counted since the last time; `undefined` for nothing. */
  take(): CostDeltas | undefined {
    const forgotten = this.#pending.forgotten - this.#forgotten;
    const accounts = this.#accounts.take();
    this.#forgotten = this.#pending.forgotten;
    return accounts.length === 0 && forgotten === 0 ? undefined : { accounts, forgotten };
  }

  #count(billing: BillingFacts, { usd }: Cost): void {
    const account = this.#accounts.of(billing);
    if (usd === null) account.unpricedTokens += tokensOf(billing);
    else {
      account.costUsd += usd;
      account.priced = true;
    }
  }

  #countSettled(billing: BillingFacts): void {
    const account = this.#accounts.of(billing);
    account.settled = plus(account.settled, billing);
  }
}

/** The two members as they stand in a record. A source is one of four plain words. */
export function costMembers({ usd, source }: Cost): string {
  return `,"cost_usd":${usd},"cost_source":"${source}"`;
}

function plus(sum: TokenCounts, amounts: BilledAmounts): TokenCounts {
  return {
    input: sum.input + (amounts.input ?? 0),
    output: sum.output + (amounts.output ?? 0),
    cacheRead: sum.cacheRead + (amounts.cacheRead ?? 0),
    cacheWrite: sum.cacheWrite + (amounts.cacheWrite ?? 0),
    reasoning: sum.reasoning + (amounts.reasoning ?? 0),
  };
}
