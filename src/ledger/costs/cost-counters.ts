import type { Mutable } from "../../core/mutable.ts";
import type { CostDelta } from "../../core/counters/cost-deltas.ts";
import type { BillableRequest } from "../../core/request/billing.ts";
import type { TokenCounts } from "../../core/counters/proxy-deltas.ts";

/** Clients choose the names, so combinations beyond this many between two deltas are counted together as "other". */
const MAX_COMBINATIONS = 1000;

/** Costs by provider, model and owner since the last `take`. */
export class CostCounters {
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
