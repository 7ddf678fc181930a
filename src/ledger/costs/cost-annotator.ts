import type { Mutable } from "../../core/mutable.ts";
import type { CostDelta, CostDeltas } from "../../core/counters/cost-deltas.ts";
import { tokensOf, type BilledAmounts, type BillableRequest } from "../../core/request/billing.ts";
import type { TokenCounts } from "../../core/counters/proxy-deltas.ts";
import type { DedupKey } from "../../core/request/usage-dedup.ts";
import type { Cost, Prices } from "../../prices/prices.ts";
import type { PendingUsage } from "./pending-usage.ts";

/**
 * Computes what the ledger worker adds to a record: the cost, and whether the usage of a response was counted before. The
 * methods return JSON members, each with a leading comma, to append to the record's text.
 */
export class CostAnnotator {
  #prices: Prices;
  readonly #pending: PendingUsage;
  #forgotten = 0;
  #counters = new CostCounters();

  constructor(prices: Prices, pending: PendingUsage) {
    this.#prices = prices;
    this.#pending = pending;
  }

  /** The new prices apply to records from now on. */
  setPrices(prices: Prices): void {
    this.#prices = prices;
  }

  /** Members for a record that lacks only its cost. */
  costOf(billing: BillableRequest | undefined): string {
    if (billing === undefined) return "";
    const cost = this.#prices.costOf(billing);
    this.#count(billing, cost);
    return costMembers(cost);
  }

  addPending(key: DedupKey): void {
    this.#pending.add(key);
  }

  isPending(key: DedupKey): boolean {
    return this.#pending.has(key);
  }

  /** Members for the record of a response that was fetched again: it counts only if its usage was pending. */
  rereadOf(key: DedupKey, billing: BillableRequest | undefined): string {
    if (!this.#pending.settle(key)) return ',"usage_state":"replay"';
    if (billing !== undefined) this.#countSettled(billing);
    return `,"usage_state":"final"${this.costOf(billing)}`;
  }

  /** The counts since the last time; `undefined` if there are none. */
  take(): CostDeltas | undefined {
    const forgotten = this.#pending.forgotten - this.#forgotten;
    const costs = this.#counters.take();
    this.#forgotten = this.#pending.forgotten;
    return costs.length === 0 && forgotten === 0 ? undefined : { costs, forgotten };
  }

  #count(billing: BillableRequest, { usd }: Cost): void {
    const counts = this.#counters.of(billing);
    if (usd === null) counts.unpricedTokens += tokensOf(billing);
    else {
      counts.costUsd += usd;
      counts.priced = true;
    }
  }

  #countSettled(billing: BillableRequest): void {
    const counts = this.#counters.of(billing);
    counts.settled = plus(counts.settled, billing);
  }
}

/** The two members as they appear in a record. A source needs no escaping. */
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

/** Clients choose the names, so combinations beyond this many between two deltas are counted together as "other". */
const MAX_COMBINATIONS = 1000;

/** Costs by provider, model and owner since the last `take`. */
class CostCounters {
  #counts = new Map<string, Mutable<CostDelta>>();

  of({ provider, model, owner }: BillableRequest): Mutable<CostDelta> {
    const counts = this.#find(provider, model ?? null, owner ?? null);
    return counts ?? this.#find(provider, "other", "other") ?? this.#add(provider, "other", "other");
  }

  take(): readonly CostDelta[] {
    const taken = [...this.#counts.values()];
    this.#counts = new Map();
    return taken;
  }

  #find(provider: string, model: string | null, owner: string | null): Mutable<CostDelta> | undefined {
    const known = this.#counts.get(keyOf(provider, model, owner));
    if (known !== undefined) return known;
    return this.#counts.size < MAX_COMBINATIONS ? this.#add(provider, model, owner) : undefined;
  }

  #add(provider: string, model: string | null, owner: string | null): Mutable<CostDelta> {
    const counts = { provider, model, owner, costUsd: 0, unpricedTokens: 0, priced: false, settled: NO_TOKENS };
    this.#counts.set(keyOf(provider, model, owner), counts);
    return counts;
  }
}

/** No provider's name contains a line break. In the other names it can only confuse two of the same client's. */
function keyOf(provider: string, model: string | null, owner: string | null): string {
  return `${provider}\n${owner ?? ""}\n${model ?? ""}`;
}

const NO_TOKENS: TokenCounts = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
