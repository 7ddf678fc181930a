import type { Mutable } from "../../core/mutable.ts";
import type { CostDelta } from "../../core/counters/cost-deltas.ts";
import type { BillingFacts } from "../../core/usage/billing.ts";
import type { TokenCounts } from "../../core/counters/proxy-deltas.ts";

/** Names come from outside; calls beyond this many combinations between two deltas are counted together. */
const MAX_ACCOUNTS = 1000;

/** Sums by provider, model and owner since they were last taken. */
export class CostCounters {
  #accounts = new Map<string, Mutable<CostDelta>>();

  of({ provider, model, owner }: BillingFacts): Mutable<CostDelta> {
    const account = this.#at(provider, model ?? null, owner ?? null);
    return account ?? this.#at(provider, "other", "other") ?? this.#open(provider, "other", "other");
  }

  take(): readonly CostDelta[] {
    const taken = [...this.#accounts.values()];
    this.#accounts = new Map();
    return taken;
  }

  #at(provider: string, model: string | null, owner: string | null): Mutable<CostDelta> | undefined {
    const known = this.#accounts.get(nameOf(provider, model, owner));
    if (known !== undefined) return known;
    return this.#accounts.size < MAX_ACCOUNTS ? this.#open(provider, model, owner) : undefined;
  }

  #open(provider: string, model: string | null, owner: string | null): Mutable<CostDelta> {
    const account = { provider, model, owner, costUsd: 0, unpricedTokens: 0, priced: false, settled: NO_TOKENS };
    this.#accounts.set(nameOf(provider, model, owner), account);
    return account;
  }
}

/** No name of a provider holds a line break; in the others one could only make two of the sender's own alike. */
function nameOf(provider: string, model: string | null, owner: string | null): string {
  return `${provider}\n${owner ?? ""}\n${model ?? ""}`;
}

const NO_TOKENS: TokenCounts = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
