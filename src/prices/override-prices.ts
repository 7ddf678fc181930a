import type { BillableRequest } from "../core/request/billing.ts";
import type {
  ModelOverride,
  Multipliers,
  OverridePrices,
  OverrideScope,
  PriceOverrides,
} from "../core/price-overrides.ts";
import type { RateCard } from "./rate-card.ts";

/** The operator's entry for a model: the provider's own section first, and in each an exact name before a pattern. */
export function findOverride(overrides: PriceOverrides, provider: string, model: string): ModelOverride | undefined {
  const own = overrides.providers.get(provider);
  return (own && bestOf(own, model)) ?? bestOf(overrides, model);
}

function bestOf({ models }: OverrideScope, model: string): ModelOverride | undefined {
  let best: ModelOverride | undefined;
  let bestLength = -1;
  for (const entry of models) {
    const length = fit(entry.model, model);
    if (length > bestLength) [best, bestLength] = [entry, length];
  }
  return best;
}

/** How closely a pattern fits: an exact name best, then by how many characters it names; -1 where it does not. */
function fit(pattern: string, model: string): number {
  if (!/[*?]/.test(pattern)) return pattern.toLowerCase() === model.toLowerCase() ? Infinity : -1;
  return matchesGlob(pattern.toLowerCase(), model.toLowerCase()) ? pattern.replaceAll(/[*?]/g, "").length : -1;
}

/** `*` is any text, `?` one character. Linear for one star at a time, so that no pattern and no name can make it slow. */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resumed = 0;
  let next = 0;
  while (next < text.length) {
    if (at < pattern.length && (pattern[at] === "?" || (pattern[at] !== "*" && pattern[at] === text[next]))) {
      at++;
      next++;
    } else if (pattern[at] === "*") {
      star = at++;
      resumed = next;
    } else if (star >= 0) {
      at = star + 1;
      next = ++resumed;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

const MILLION = 1e6;

/** What an operator left out costs what the whole does; the cached part of audio is a cache read like any other. */
export function cardOfOverride(prices: OverridePrices): RateCard {
  const million = (price: number | undefined): number | undefined =>
    price === undefined ? undefined : price / MILLION;
  return {
    input: million(prices.input),
    output: million(prices.output),
    cacheRead: million(prices.cache_read),
    cacheWrite: million(prices.cache_write),
    cacheWrite1h: million(prices.cache_write_1h),
    audioIn: million(prices.audio_in),
    audioOut: million(prices.audio_out),
    imageIn: million(prices.image_in),
    imageOut: million(prices.image_out),
    request: prices.request,
    audioSecond: prices.audio_minute === undefined ? undefined : prices.audio_minute / 60,
    page: prices.page,
    image: prices.image,
    webSearch: prices.web_search,
  };
}

/** Factor on a call's tokens. Of several places that name the same thing the closest counts: model, provider, all. */
export function factorFor(facts: BillableRequest, scopes: readonly Multipliers[]): number {
  if (scopes.length === 0) return 1;
  const named = (kind: "service_tier" | "speed" | "region", value: string | undefined): number => {
    if (value === undefined) return 1;
    for (const scope of scopes) {
      const factors = scope[kind];
      if (factors !== undefined && Object.hasOwn(factors, value)) return factors[value] ?? 1;
    }
    return 1;
  };
  const plain = (kind: "batch" | "always"): number => scopes.find((scope) => scope[kind] !== undefined)?.[kind] ?? 1;
  return (
    named("service_tier", facts.serviceTier) *
    named("speed", facts.speed) *
    named("region", facts.region) *
    (facts.batch ? plain("batch") : 1) *
    plain("always")
  );
}
