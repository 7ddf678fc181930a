import type { BillableRequest } from "../core/request/billing.ts";
import type {
  ModelOverride,
  Multipliers,
  OverridePrices,
  OverrideScope,
  PriceOverrides,
} from "../core/price-overrides.ts";
import type { ModelPrices } from "./model-prices.ts";

/** The operator's entry for a model: the provider's section comes first, and in each an exact name before a pattern. */
export function findOverride(overrides: PriceOverrides, provider: string, model: string): ModelOverride | undefined {
  const own = overrides.providers.get(provider);
  return (own && bestOf(own, model)) ?? bestOf(overrides, model);
}

function bestOf({ models }: OverrideScope, model: string): ModelOverride | undefined {
  let best: ModelOverride | undefined;
  let bestScore = -1;
  for (const entry of models) {
    const score = specificity(entry.model, model);
    if (score > bestScore) [best, bestScore] = [entry, score];
  }
  return best;
}

/** How specific a match is: an exact name is best, then the number of literal characters; -1 for no match. */
function specificity(pattern: string, model: string): number {
  if (!/[*?]/.test(pattern)) return pattern.toLowerCase() === model.toLowerCase() ? Infinity : -1;
  return matchesGlob(pattern.toLowerCase(), model.toLowerCase()) ? pattern.replaceAll(/[*?]/g, "").length : -1;
}

/** `*` matches any text, `?` one character. Only the last star is retried, so the time is at most pattern times text. */
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

/** Prices that the operator left out stay undefined. Cached audio is billed as an ordinary cache read. */
export function pricesOfOverride(prices: OverridePrices): ModelPrices {
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

/** The factor on a request's tokens. If several scopes name the same multiplier, the closest applies: model, provider, all. */
export function factorFor(request: BillableRequest, scopes: readonly Multipliers[]): number {
  if (scopes.length === 0) return 1;
  const byName = (kind: "service_tier" | "speed" | "region", value: string | undefined): number => {
    if (value === undefined) return 1;
    for (const scope of scopes) {
      const factors = scope[kind];
      if (factors !== undefined && Object.hasOwn(factors, value)) return factors[value] ?? 1;
    }
    return 1;
  };
  const single = (kind: "batch" | "always"): number => scopes.find((scope) => scope[kind] !== undefined)?.[kind] ?? 1;
  return (
    byName("service_tier", request.serviceTier) *
    byName("speed", request.speed) *
    byName("region", request.region) *
    (request.batch ? single("batch") : 1) *
    single("always")
  );
}
