// What a call cost: the provider's own word, else the operator's prices, else the price table, else nothing, which is
// never the same as 0. This room estimates from list prices; it knows no invoices and keeps no sums.
import { isAdditional, type BilledItem, type BillableRequest } from "../core/request/billing.ts";
import type { CostSource } from "../core/usage/usage.ts";
import type { Multipliers, PriceOverrides } from "../core/price-overrides.ts";
import { cardOfOverride, factorFor, findOverride } from "./override-prices.ts";
import { priceBookOf, spellingsOf, type PricedProvider } from "./price-books.ts";
import { PriceTable } from "./price-table.ts";
import { chargeOf, flat, type Charge, type RateCard, type Unpriced } from "./rate-card.ts";

export interface PricesOptions {
  readonly overrides: PriceOverrides;
  readonly providers: readonly PricedProvider[];
}

export interface Cost {
  readonly usd: number | null;
  readonly source: CostSource;
  /** Where there is no cost. */
  readonly why?: Unpriced;
}

/** What a model costs and from where that is known. */
export interface Quote {
  readonly source: "override" | "table";
  /** The entry's name or pattern, or the model's name in the table. */
  readonly entry: string;
  readonly card: RateCard;
}

interface Resolved {
  readonly quote: Quote | undefined;
  readonly scopes: readonly Multipliers[];
  /** Until when these prices are good, in epoch milliseconds. */
  readonly until: number;
}

/** Models come from outside; more names than this are looked up again when they return. */
const MAX_RESOLVED = 4096;
/** Prices that have hours change on the minute. */
const MINUTE = 60_000;

export class Prices {
  readonly #table = new PriceTable();
  readonly #overrides: PriceOverrides;
  readonly #books: ReadonlyMap<string, string>;
  readonly #resolved = new Map<string, Resolved>();

  constructor({ overrides, providers }: PricesOptions) {
    this.#overrides = overrides;
    const books = providers.map((provider) => [provider.name, priceBookOf(provider)] as const);
    this.#books = new Map(books.flatMap(([name, book]) => (book === undefined ? [] : [[name, book]])));
  }

  /** Which price table it is. */
  get version(): string {
    return this.#table.version;
  }

  costOf(facts: BillableRequest): Cost {
    if (facts.statedUsd !== undefined) return { usd: facts.statedUsd, source: "provider" };
    const { items } = facts;
    if (items === undefined) return this.#sum(facts, [facts]);
    // Where the models behind a call are known, it is they who have prices.
    const isOnTop = items.every(isAdditional);
    return this.#sum(facts, isOnTop ? [facts, ...items] : items);
  }

  /** What a model costs at a moment; `undefined` if nobody knows. */
  quote(provider: string, model: string, at: number): Quote | undefined {
    return this.#resolve(provider, model, at).quote;
  }

  /** Everything that has a price at one provider: the operator's entries, then the table's. */
  list(provider: string, at: number): readonly Quote[] {
    const { providers, models } = this.#overrides;
    const own = [...(providers.get(provider)?.models ?? []), ...models];
    const book = this.#books.get(provider);
    const table = book === undefined ? [] : this.#table.list(book, at);
    return [
      ...own.map((entry): Quote => ({ source: "override", entry: entry.model, card: cardOfOverride(entry.prices) })),
      ...table.map((listed): Quote => ({ source: "table", entry: listed.id, card: listed.card })),
    ];
  }

  #sum(facts: BillableRequest, parts: readonly BilledItem[]): Cost {
    let usd = 0;
    let source: CostSource = "table";
    for (const part of parts) {
      const model = part.model ?? facts.model;
      if (model === undefined) return unpriced("no_model");
      const { quote, scopes } = this.#resolve(facts.provider, model, facts.at);
      if (quote === undefined) return unpriced("no_price");
      const charge = chargeOf(facts.many ? flat(quote.card) : quote.card, part);
      if (typeof charge === "string") return unpriced(charge);
      usd += totalOf(charge, factorFor(facts, scopes));
      if (quote.source === "override") source = "override";
    }
    return { usd: rounded(usd), source };
  }

  #resolve(provider: string, model: string, at: number): Resolved {
    const key = `${provider}\n${model}`;
    const known = this.#resolved.get(key);
    const isGood = known !== undefined && at < known.until && (known.until === Infinity || at >= known.until - MINUTE);
    if (isGood) return known;
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
    const book = this.#books.get(provider);
    const general = [this.#overrides.providers.get(provider)?.multipliers, this.#overrides.multipliers];
    for (const spelling of spellingsOf(book ?? "", model)) {
      const own = findOverride(this.#overrides, provider, spelling);
      if (own === undefined) continue;
      const quote: Quote = { source: "override", entry: own.model, card: cardOfOverride(own.prices) };
      return { quote, scopes: inForce([own.multipliers, ...general]), until: Infinity };
    }
    const listed = book === undefined ? undefined : this.#table.find(book, model, at);
    const quote: Quote | undefined = listed && { source: "table", entry: listed.id, card: listed.card };
    const until = listed?.isTimed ? (Math.floor(at / MINUTE) + 1) * MINUTE : Infinity;
    return { quote, scopes: inForce(general), until };
  }
}

export function openPrices(options: PricesOptions): Prices {
  return new Prices(options);
}

function unpriced(why: Unpriced): Cost {
  return { usd: null, source: "none", why };
}

function totalOf(charge: Charge, factor: number): number {
  return charge.tokensUsd * factor + charge.unitsUsd;
}

function inForce(scopes: readonly (Multipliers | undefined)[]): readonly Multipliers[] {
  return scopes.filter((scope) => scope !== undefined && Object.keys(scope).length > 0) as readonly Multipliers[]; // filtered just now
}

/** A millionth of a millionth of a dollar: cuts off what binary fractions add. */
function rounded(usd: number): number {
  return usd < 9000 ? Math.round(usd * 1e12) / 1e12 : usd;
}
