/** An operator's own prices, checked. Where an entry fits it wins over the price table as a whole, not kind by kind. */
export interface PriceOverrides extends OverrideScope {
  /** For one provider only; these come before what holds for all. */
  readonly providers: ReadonlyMap<string, OverrideScope>;
}

export interface OverrideScope {
  readonly models: readonly ModelOverride[];
  readonly multipliers: Multipliers;
}

export interface ModelOverride {
  /** A model's name, or a pattern with `*` and `?`. */
  readonly model: string;
  readonly prices: OverridePrices;
  readonly multipliers: Multipliers;
}

/** What tokens cost is given for a million of them, everything else for one. US dollars. */
export const PRICE_KINDS = [
  "input",
  "output",
  "cache_read",
  "cache_write",
  "cache_write_1h",
  "audio_in",
  "audio_out",
  "image_in",
  "image_out",
  "request",
  "audio_minute",
  "page",
  "image",
  "web_search",
] as const;

export type PriceKind = (typeof PRICE_KINDS)[number];

export type OverridePrices = Readonly<Partial<Record<PriceKind, number>>>;

/** Factors on what the tokens cost, by what a record says of the call. */
export interface Multipliers {
  readonly service_tier?: Readonly<Record<string, number>>;
  readonly speed?: Readonly<Record<string, number>>;
  readonly region?: Readonly<Record<string, number>>;
  readonly batch?: number;
  /** On every call: a discount of one's own, a provider's regional host. */
  readonly always?: number;
}

export const NO_OVERRIDES: PriceOverrides = Object.freeze({ models: [], multipliers: {}, providers: new Map() });
