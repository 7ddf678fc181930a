import type { BilledAmounts } from "../core/request/billing.ts";

/**
 * The prices of one model, in US dollars per token or other unit. A part without its own price costs as much as the rest:
 * cached tokens without a price of their own cost as much as input.
 */
export interface ModelPrices {
  readonly input?: UnitPrice | undefined;
  readonly cacheRead?: UnitPrice | undefined;
  readonly cacheWrite?: UnitPrice | undefined;
  readonly cacheWrite1h?: UnitPrice | undefined;
  readonly audioIn?: UnitPrice | undefined;
  readonly imageIn?: UnitPrice | undefined;
  readonly videoIn?: UnitPrice | undefined;
  readonly cachedAudio?: UnitPrice | undefined;
  readonly cachedImage?: UnitPrice | undefined;
  readonly output?: UnitPrice | undefined;
  readonly reasoning?: UnitPrice | undefined;
  readonly audioOut?: UnitPrice | undefined;
  readonly imageOut?: UnitPrice | undefined;
  readonly videoOut?: UnitPrice | undefined;
  readonly request?: UnitPrice | undefined;
  readonly audioSecond?: UnitPrice | undefined;
  readonly page?: UnitPrice | undefined;
  readonly image?: UnitPrice | undefined;
  readonly webSearch?: UnitPrice | undefined;
  readonly fileSearch?: UnitPrice | undefined;
  /** A shorter recording is billed as this long. */
  readonly minAudioSeconds?: number | undefined;
}

/** One price, or prices by the size of the input: the last step that the input exceeds applies to the whole request. */
export type UnitPrice = number | { readonly base: number; readonly steps: readonly PriceStep[] };

export interface PriceStep {
  readonly above: number;
  readonly price: number;
}

export interface Charge {
  /** The cost of tokens. Multipliers apply only to this part. */
  readonly tokensUsd: number;
  /** The cost of requests, searches, pages, seconds and images. */
  readonly unitsUsd: number;
}

/** Why there is no cost. */
export type UnpricedReason = "no_model" | "no_price" | "not_counted" | "contradiction";

/** The cost of the amounts, or the reason why it is unknown: a missing price, or amounts that contradict each other. */
export function chargeFor(prices: ModelPrices, amounts: BilledAmounts): Charge | UnpricedReason {
  const units = unitsUsd(prices, amounts);
  const isTimed = prices.input === undefined && prices.audioSecond !== undefined && amounts.audioSeconds !== undefined;
  if (isTimed) return { tokensUsd: 0, unitsUsd: units };
  if (amounts.input === undefined && amounts.output === undefined && units === 0) return "not_counted";
  const input = inputUsd(prices, amounts);
  if (typeof input === "string") return input;
  const output = outputUsd(prices, amounts);
  if (typeof output === "string") return output;
  return { tokensUsd: input + output, unitsUsd: units };
}

/** The prices without their steps, for amounts that sum up many requests. */
export function withoutSteps(prices: ModelPrices): ModelPrices {
  const unitPrices = Object.entries(prices).map(([kind, price]: [string, UnitPrice | undefined]) => [
    kind,
    typeof price === "object" ? price.base : price,
  ]);
  return Object.fromEntries(unitPrices) as ModelPrices; // as: the same names as before
}

function inputUsd(prices: ModelPrices, amounts: BilledAmounts): number | UnpricedReason {
  const input = amounts.input ?? 0;
  if (input === 0) return 0;
  const base = priceAt(prices.input, input);
  if (base === undefined) return "no_price";
  const cached = amounts.cacheRead ?? 0;
  const hourly = amounts.cacheWrite1h ?? 0;
  const written = Math.max(amounts.cacheWrite ?? 0, hourly);
  const readPrice = priceAt(prices.cacheRead, input) ?? base;
  const writePrice = priceAt(prices.cacheWrite, input) ?? base;

  let rest = input - cached - written;
  let usd =
    written === 0 ? 0 : (written - hourly) * writePrice + hourly * (priceAt(prices.cacheWrite1h, input) ?? writePrice);
  let cachedRest = cached;
  for (const { tokens, ofCached, price, cachedPrice } of inputModalities(prices, amounts)) {
    const ownPrice = priceAt(price, input);
    if (tokens === 0 || ownPrice === undefined) continue;
    // If the modality of the cached tokens is unknown, only those that exceed all other tokens count as this one.
    const read = Math.min(tokens, cachedRest, ofCached ?? Math.max(0, cached + tokens - input));
    usd +=
      (tokens - read) * ownPrice + read * (priceAt(cachedPrice, input) ?? priceAt(prices.cacheRead, input) ?? ownPrice);
    rest -= tokens - read;
    cachedRest -= read;
  }
  if (rest < 0 || cachedRest < 0) return "contradiction";
  return usd + cachedRest * readPrice + rest * base;
}

interface Modality {
  readonly tokens: number;
  readonly ofCached: number | undefined;
  readonly price: UnitPrice | undefined;
  readonly cachedPrice: UnitPrice | undefined;
}

const NONE: readonly Modality[] = [];

function inputModalities(prices: ModelPrices, amounts: BilledAmounts): readonly Modality[] {
  const { audioIn = 0, imageIn = 0, videoIn = 0 } = amounts;
  if (audioIn + imageIn + videoIn === 0) return NONE;
  return [
    { tokens: audioIn, ofCached: amounts.cachedAudio, price: prices.audioIn, cachedPrice: prices.cachedAudio },
    { tokens: imageIn, ofCached: amounts.cachedImage, price: prices.imageIn, cachedPrice: prices.cachedImage },
    { tokens: videoIn, ofCached: undefined, price: prices.videoIn, cachedPrice: undefined },
  ];
}

function outputUsd(prices: ModelPrices, amounts: BilledAmounts): number | UnpricedReason {
  const output = amounts.output ?? 0;
  if (output === 0) return 0;
  // The size of the input selects the step for input and output prices.
  const input = amounts.input ?? 0;
  const base = priceAt(prices.output, input);
  if (base === undefined) return "no_price";
  let rest = output;
  let usd = 0;
  const charge = (tokens: number | undefined, price: UnitPrice | undefined): void => {
    const tokenPrice = tokens === undefined ? undefined : priceAt(price, input);
    if (tokens === undefined || tokenPrice === undefined) return;
    usd += tokens * tokenPrice;
    rest -= tokens;
  };
  charge(amounts.reasoning, prices.reasoning);
  charge(amounts.audioOut, prices.audioOut);
  charge(amounts.imageOut, prices.imageOut);
  charge(amounts.videoOut, prices.videoOut);
  return rest < 0 ? "contradiction" : usd + rest * base;
}

function unitsUsd(prices: ModelPrices, amounts: BilledAmounts): number {
  let usd = priceAt(prices.request, 0) ?? 0;
  const add = (count: number | undefined, price: UnitPrice | undefined): void => {
    if (count !== undefined && price !== undefined) usd += count * (priceAt(price, 0) ?? 0);
  };
  const { audioSeconds } = amounts;
  const billed = audioSeconds ? Math.max(audioSeconds, prices.minAudioSeconds ?? 0) : audioSeconds;
  add(billed, prices.audioSecond);
  add(amounts.pages, prices.page);
  add(amounts.images, prices.image);
  add(amounts.webSearches, prices.webSearch);
  add(amounts.fileSearches, prices.fileSearch);
  return usd;
}

function priceAt(price: UnitPrice | undefined, input: number): number | undefined {
  if (price === undefined || typeof price === "number") return price;
  let found = price.base;
  for (const step of price.steps) if (input > step.above) found = step.price;
  return found;
}
