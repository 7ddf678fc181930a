import type { BilledAmounts } from "../core/request/billing.ts";

/**
 * What one model's tokens and other units cost, in US dollars for one. A part without a rate of its own costs what its
 * whole does: cached tokens without a discount are input.
 */
export interface RateCard {
  readonly input?: Rate | undefined;
  readonly cacheRead?: Rate | undefined;
  readonly cacheWrite?: Rate | undefined;
  readonly cacheWrite1h?: Rate | undefined;
  readonly audioIn?: Rate | undefined;
  readonly imageIn?: Rate | undefined;
  readonly videoIn?: Rate | undefined;
  readonly cachedAudio?: Rate | undefined;
  readonly cachedImage?: Rate | undefined;
  readonly output?: Rate | undefined;
  readonly reasoning?: Rate | undefined;
  readonly audioOut?: Rate | undefined;
  readonly imageOut?: Rate | undefined;
  readonly videoOut?: Rate | undefined;
  readonly request?: Rate | undefined;
  readonly audioSecond?: Rate | undefined;
  readonly page?: Rate | undefined;
  readonly image?: Rate | undefined;
  readonly webSearch?: Rate | undefined;
  readonly fileSearch?: Rate | undefined;
  /** The shortest recording that is billed. */
  readonly minAudioSeconds?: number | undefined;
}

/** One price, or prices for the whole call by how much input it has: the last step that the input exceeds. */
export type Rate = number | { readonly base: number; readonly steps: readonly Step[] };

export interface Step {
  readonly above: number;
  readonly price: number;
}

export interface Charge {
  /** For tokens; what multipliers apply to. */
  readonly tokensUsd: number;
  /** For requests, searches, pages, seconds, images. */
  readonly unitsUsd: number;
}

/** Why there is no cost. */
export type Unpriced = "no_model" | "no_price" | "not_counted" | "contradiction";

/** What the amounts cost by this card; why not, where it lacks a price for some of them or they contradict each other. */
export function chargeOf(card: RateCard, amounts: BilledAmounts): Charge | Unpriced {
  const units = unitsUsd(card, amounts);
  const isTimed = card.input === undefined && card.audioSecond !== undefined && amounts.audioSeconds !== undefined;
  if (isTimed) return { tokensUsd: 0, unitsUsd: units };
  if (amounts.input === undefined && amounts.output === undefined && units === 0) return "not_counted";
  const input = inputUsd(card, amounts);
  if (typeof input === "string") return input;
  const output = outputUsd(card, amounts);
  if (typeof output === "string") return output;
  return { tokensUsd: input + output, unitsUsd: units };
}

/** The card without what depends on the size of one call's input. */
export function flat(card: RateCard): RateCard {
  const rates = Object.entries(card).map(([kind, rate]: [string, Rate | undefined]) => [
    kind,
    typeof rate === "object" ? rate.base : rate,
  ]);
  // The same kinds as before, each with a plain number for its rate.
  return Object.fromEntries(rates) as RateCard;
}

function inputUsd(card: RateCard, amounts: BilledAmounts): number | Unpriced {
  const input = amounts.input ?? 0;
  if (input === 0) return 0;
  const base = at(card.input, input);
  if (base === undefined) return "no_price";
  const cached = amounts.cacheRead ?? 0;
  const hour = amounts.cacheWrite1h ?? 0;
  const written = Math.max(amounts.cacheWrite ?? 0, hour);
  const readRate = at(card.cacheRead, input) ?? base;
  const writeRate = at(card.cacheWrite, input) ?? base;

  let rest = input - cached - written;
  let usd = written === 0 ? 0 : (written - hour) * writeRate + hour * (at(card.cacheWrite1h, input) ?? writeRate);
  let cachedRest = cached;
  for (const { tokens, ofCached, rate, cachedRate } of inputModalities(card, amounts)) {
    const ownRate = at(rate, input);
    if (tokens === 0 || ownRate === undefined) continue;
    // Where nobody says of what kind the cached tokens were, they were of this kind only if there is no other way.
    const read = Math.min(tokens, cachedRest, ofCached ?? Math.max(0, cached + tokens - input));
    usd += (tokens - read) * ownRate + read * (at(cachedRate, input) ?? at(card.cacheRead, input) ?? ownRate);
    rest -= tokens - read;
    cachedRest -= read;
  }
  if (rest < 0 || cachedRest < 0) return "contradiction";
  return usd + cachedRest * readRate + rest * base;
}

interface Modality {
  readonly tokens: number;
  readonly ofCached: number | undefined;
  readonly rate: Rate | undefined;
  readonly cachedRate: Rate | undefined;
}

const NONE: readonly Modality[] = [];

function inputModalities(card: RateCard, amounts: BilledAmounts): readonly Modality[] {
  const { audioIn = 0, imageIn = 0, videoIn = 0 } = amounts;
  if (audioIn + imageIn + videoIn === 0) return NONE;
  return [
    { tokens: audioIn, ofCached: amounts.cachedAudio, rate: card.audioIn, cachedRate: card.cachedAudio },
    { tokens: imageIn, ofCached: amounts.cachedImage, rate: card.imageIn, cachedRate: card.cachedImage },
    { tokens: videoIn, ofCached: undefined, rate: card.videoIn, cachedRate: undefined },
  ];
}

function outputUsd(card: RateCard, amounts: BilledAmounts): number | Unpriced {
  const output = amounts.output ?? 0;
  if (output === 0) return 0;
  // How much input a call has decides on both sides of its price.
  const input = amounts.input ?? 0;
  const base = at(card.output, input);
  if (base === undefined) return "no_price";
  let rest = output;
  let usd = 0;
  const take = (tokens: number | undefined, rate: Rate | undefined): void => {
    const own = tokens === undefined ? undefined : at(rate, input);
    if (tokens === undefined || own === undefined) return;
    usd += tokens * own;
    rest -= tokens;
  };
  take(amounts.reasoning, card.reasoning);
  take(amounts.audioOut, card.audioOut);
  take(amounts.imageOut, card.imageOut);
  take(amounts.videoOut, card.videoOut);
  return rest < 0 ? "contradiction" : usd + rest * base;
}

function unitsUsd(card: RateCard, amounts: BilledAmounts): number {
  let usd = at(card.request, 0) ?? 0;
  const add = (count: number | undefined, rate: Rate | undefined): void => {
    if (count !== undefined && rate !== undefined) usd += count * (at(rate, 0) ?? 0);
  };
  const { audioSeconds } = amounts;
  const billed = audioSeconds ? Math.max(audioSeconds, card.minAudioSeconds ?? 0) : audioSeconds;
  add(billed, card.audioSecond);
  add(amounts.pages, card.page);
  add(amounts.images, card.image);
  add(amounts.webSearches, card.webSearch);
  add(amounts.fileSearches, card.fileSearch);
  return usd;
}

function at(rate: Rate | undefined, input: number): number | undefined {
  if (rate === undefined || typeof rate === "number") return rate;
  let price = rate.base;
  for (const step of rate.steps) if (input > step.above) price = step.price;
  return price;
}
