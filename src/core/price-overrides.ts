/** The operator's own prices, validated. A matching entry replaces the price table's entry as a whole, not kind by kind. */
export interface PriceOverrides extends OverrideScope {
  /** Prices for one provider only; they take precedence over those for all. */
  readonly providers: ReadonlyMap<string, OverrideScope>;
}

export interface OverrideScope {
  readonly models: readonly ModelOverride[];
  readonly multipliers: Multipliers;
}

export interface ModelOverride {
  /** A model name, or a pattern with `*` and `?`. */
  readonly model: string;
  readonly prices: OverridePrices;
  readonly multipliers: Multipliers;
}

/** US dollars: for tokens per million, for everything else per unit. */
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

/** Factors on the cost of tokens, by fields of the record. */
export interface Multipliers {
  readonly service_tier?: Readonly<Record<string, number>>;
  readonly speed?: Readonly<Record<string, number>>;
  readonly region?: Readonly<Record<string, number>>;
  readonly batch?: number;
  /** Applies to every request: a negotiated discount, or a provider's regional host. */
  readonly always?: number;
}

export const NO_OVERRIDES: PriceOverrides = Object.freeze({ models: [], multipliers: {}, providers: new Map() });
