// Computes the cost of a request: what the provider states, otherwise from the operator's prices, otherwise from the price
// table, otherwise unknown, which is never 0. It estimates from list prices, does not know invoices and keeps no sums.
import { isAdditional, type BilledItem, type BillableRequest } from "../core/request/billing.ts";
import type { CostSource } from "../core/usage/usage.ts";
import type { Multipliers, PriceOverrides } from "../core/price-overrides.ts";
import { pricesOfOverride, factorFor, findOverride } from "./override-prices.ts";
import { tableProviderOf, spellingsOf, type PricedProvider } from "./table-provider.ts";
import { PriceTable } from "./price-table.ts";
import { chargeFor, withoutSteps, type Charge, type ModelPrices, type UnpricedReason } from "./model-prices.ts";

export interface PricesOptions {
  readonly overrides: PriceOverrides;
  readonly providers: readonly PricedProvider[];
}

export interface Cost {
  readonly usd: number | null;
  readonly source: CostSource;
  /** Why the cost is unknown. */
  readonly why?: UnpricedReason;
}

/** The prices of a model, and their source. */
export interface Quote {
  readonly source: "override" | "table";
  /** The name or pattern of the override, or the model's name in the table. */
  readonly entry: string;
  readonly prices: ModelPrices;
}

interface Resolved {
  readonly quote: Quote | undefined;
  readonly scopes: readonly Multipliers[];
  /** When these prices have to be looked up again, in epoch milliseconds. */
  readonly until: number;
}

/** Clients choose the model names, so only this many lookups are kept. */
const MAX_RESOLVED = 4096;
/** Prices that depend on the time of day change on the minute. */
const MINUTE = 60_000;

export class Prices {
  readonly #table = new PriceTable();
  readonly #overrides: PriceOverrides;
  readonly #tableProviders: ReadonlyMap<string, string>;
  readonly #resolved = new Map<string, Resolved>();

  constructor({ overrides, providers }: PricesOptions) {
    this.#overrides = overrides;
    const tableProviders = providers.map((provider) => [provider.name, tableProviderOf(provider)] as const);
    this.#tableProviders = new Map(
      tableProviders.flatMap(([name, tableProvider]) => (tableProvider === undefined ? [] : [[name, tableProvider]])),
    );
  }

  /** Name and version of the price table. */
  get version(): string {
    return this.#table.version;
  }

  costOf(request: BillableRequest): Cost {
    if (request.statedUsd !== undefined) return { usd: request.statedUsd, source: "provider" };
    const { items } = request;
    if (items === undefined) return this.#sum(request, [request]);
    // Where the items name the models behind the request, those are billed in place of the request's own counters.
    const areAdditional = items.every(isAdditional);
    return this.#sum(request, areAdditional ? [request, ...items] : items);
  }

  /** The prices of a model at a moment; `undefined` if they are unknown. */
  quote(provider: string, model: string, at: number): Quote | undefined {
    return this.#resolve(provider, model, at).quote;
  }

  /** All prices of one provider: the operator's entries, then those of the table. */
  list(provider: string, at: number): readonly Quote[] {
    const { providers, models } = this.#overrides;
    const own = [...(providers.get(provider)?.models ?? []), ...models];
    const tableProvider = this.#tableProviders.get(provider);
    const table = tableProvider === undefined ? [] : this.#table.list(tableProvider, at);
    return [
      ...own.map((entry): Quote => ({
        source: "override",
        entry: entry.model,
        prices: pricesOfOverride(entry.prices),
      })),
      ...table.map((listed): Quote => ({ source: "table", entry: listed.id, prices: listed.prices })),
    ];
  }

  #sum(request: BillableRequest, parts: readonly BilledItem[]): Cost {
    let usd = 0;
    let source: CostSource = "table";
    for (const part of parts) {
      const model = part.model ?? request.model;
      if (model === undefined) return unpriced("no_model");
      const { quote, scopes } = this.#resolve(request.provider, model, request.at);
      if (quote === undefined) return unpriced("no_price");
      const charge = chargeFor(request.many ? withoutSteps(quote.prices) : quote.prices, part);
      if (typeof charge === "string") return unpriced(charge);
      usd += totalOf(charge, factorFor(request, scopes));
      if (quote.source === "override") source = "override";
    }
    return { usd: rounded(usd), source };
  }

  #resolve(provider: string, model: string, at: number): Resolved {
    const key = `${provider}\n${model}`;
    const known = this.#resolved.get(key);
    const isCurrent =
      known !== undefined && at < known.until && (known.until === Infinity || at >= known.until - MINUTE);
    if (isCurrent) return known;
    const resolved = this.#lookUp(provider, model, at);
    this.#resolved.delete(key);
    this.#resolved.set(key, resolved);
    if (this.#resolved.size > MAX_RESOLVED) {
      const [oldest] = this.#resolved.keys();
      if (oldest !== undefined) this.#resolved.delete(oldest);
    }
    return resolved;
  }

  #lookUp(provider: string, model: string, at: number): Resolved {
    const tableProvider = this.#tableProviders.get(provider);
    const general = [this.#overrides.providers.get(provider)?.multipliers, this.#overrides.multipliers];
    for (const spelling of spellingsOf(tableProvider ?? "", model)) {
      const own = findOverride(this.#overrides, provider, spelling);
      if (own === undefined) continue;
      const quote: Quote = { source: "override", entry: own.model, prices: pricesOfOverride(own.prices) };
      return { quote, scopes: nonEmpty([own.multipliers, ...general]), until: Infinity };
    }
    const listed = tableProvider === undefined ? undefined : this.#table.find(tableProvider, model, at);
    const quote: Quote | undefined = listed && { source: "table", entry: listed.id, prices: listed.prices };
    const until = listed?.isTimed ? (Math.floor(at / MINUTE) + 1) * MINUTE : Infinity;
    return { quote, scopes: nonEmpty(general), until };
  }
}

export function openPrices(options: PricesOptions): Prices {
  return new Prices(options);
}

function unpriced(why: UnpricedReason): Cost {
  return { usd: null, source: "none", why };
}

function totalOf(charge: Charge, factor: number): number {
  return charge.tokensUsd * factor + charge.unitsUsd;
}

function nonEmpty(scopes: readonly (Multipliers | undefined)[]): readonly Multipliers[] {
  return scopes.filter((scope) => scope !== undefined && Object.keys(scope).length > 0) as readonly Multipliers[]; // as: the filter
}

/** Rounds to 1e-12 dollars, which removes the error of binary fractions. */
function rounded(usd: number): number {
  return usd < 9000 ? Math.round(usd * 1e12) / 1e12 : usd;
}
