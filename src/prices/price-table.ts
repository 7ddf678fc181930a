import type { Mutable } from "../core/mutable.ts";
import { spellingsOf } from "./table-provider.ts";
import type { UnitPrice, ModelPrices } from "./model-prices.ts";
import table from "./table.json" with { type: "json" };
import { isDated, isSameModel, matches, pricesAt, type PriceSet, type TableModel } from "./table-row.ts";

/** A model of the price table, with its prices at one moment. */
export interface ListedModel {
  readonly id: string;
  readonly prices: ModelPrices;
  /** The prices depend on the date or the time of day. */
  readonly isTimed: boolean;
}

/** Rows are parsed when a provider is first looked up. */
export class PriceTable {
  /** Shown in the log and by the CLI. */
  readonly version = `genai-prices ${table.version}`;
  readonly #rowsByProvider = new Map<string, readonly TableModel[]>();

  /** Finds a model; `undefined` if the table does not list it, or lists it without a price. */
  find(provider: string, model: string, at: number): ListedModel | undefined {
    for (const spelling of spellingsOf(provider, model)) {
      const found = this.#lookUp(provider, spelling.toLowerCase().trim());
      if (found === undefined || !isSameModel(found.match, spelling)) continue;
      const prices = modelPricesOf(pricesAt(found, at), provider, found.id);
      return prices === undefined ? undefined : { id: found.id, prices, isTimed: isDated(found.prices) };
    }
    return undefined;
  }

  /** Every model of a provider that has a price at this moment. */
  list(provider: string, at: number): readonly ListedModel[] {
    return this.#rows(provider).flatMap((model) => {
      const listed = this.find(provider, model.id, at);
      return listed?.id === model.id ? [listed] : [];
    });
  }

  /** Matches the dates in names in both spellings: `-20260101` and `-2026-01-01`. */
  #lookUp(provider: string, name: string): TableModel | undefined {
    const rows = this.#rows(provider);
    const dashed = name.replaceAll(DATE, (text, year: string, month: string, day: string) =>
      isDay(Number(year), Number(month), Number(day)) ? `-${year}-${month}-${day}` : text,
    );
    return (
      rows.find((row) => matches(row.match, name)) ??
      (dashed === name ? undefined : rows.find((row) => matches(row.match, dashed)))
    );
  }

  #rows(provider: string): readonly TableModel[] {
    const known = this.#rowsByProvider.get(provider);
    if (known !== undefined) return known;
    const texts: Readonly<Record<string, string>> = table.providers;
    const rows = JSON.parse(texts[provider] ?? "[]") as readonly TableModel[]; // as: scripts/genai-prices.ts wrote it
    this.#rowsByProvider.set(provider, rows);
    return rows;
  }
}

const DATE = /-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g;

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** The table's names for prices, with the unit that they are for and how many of it. */
const KEYS: Readonly<Record<string, readonly [kind: keyof ModelPrices, per: number]>> = {
  input_mtok: ["input", 1e6],
  cache_read_mtok: ["cacheRead", 1e6],
  cache_write_mtok: ["cacheWrite", 1e6],
  cache_write_1h_mtok: ["cacheWrite1h", 1e6],
  input_audio_mtok: ["audioIn", 1e6],
  input_image_mtok: ["imageIn", 1e6],
  input_video_mtok: ["videoIn", 1e6],
  cache_audio_read_mtok: ["cachedAudio", 1e6],
  cache_image_read_mtok: ["cachedImage", 1e6],
  output_mtok: ["output", 1e6],
  output_reasoning_mtok: ["reasoning", 1e6],
  output_audio_mtok: ["audioOut", 1e6],
  output_image_mtok: ["imageOut", 1e6],
  output_video_mtok: ["videoOut", 1e6],
  requests_kcount: ["request", 1e3],
  audio_hours: ["audioSecond", 3600],
  input_audio_hours: ["audioSecond", 3600],
  input_document_kpages: ["page", 1e3],
  web_searches_kcount: ["webSearch", 1e3],
  storage_searches_kcount: ["fileSearch", 1e3],
};

/** Groq bills at least ten seconds for a recording. The package of the table has this rule in code, not in data. */
const MIN_SECONDS: ReadonlyMap<string, number> = new Map([
  ["groq/whisper-large-v3", 10],
  ["groq/whisper-large-v3-turbo", 10],
]);

/** `undefined` if there is no price: some rows only say that a model exists, which does not make it free. */
function modelPricesOf(prices: PriceSet, provider: string, id: string): ModelPrices | undefined {
  const modelPrices: Mutable<ModelPrices> = {};
  let hasPrice = false;
  for (const [key, price] of Object.entries(prices)) {
    const known = KEYS[key];
    if (known === undefined || price === undefined) continue;
    const [kind, per] = known;
    if (kind === "minAudioSeconds") continue;
    modelPrices[kind] = unitPriceOf(price, per);
    hasPrice = true;
  }
  if (!hasPrice) return undefined;
  modelPrices.minAudioSeconds = MIN_SECONDS.get(`${provider}/${id}`);
  return modelPrices;
}

function unitPriceOf(price: NonNullable<PriceSet[string]>, per: number): UnitPrice {
  if (typeof price === "number") return price / per;
  const steps = price.tiers.map((tier) => ({ above: tier.start, price: tier.price / per }));
  return { base: price.base / per, steps: steps.toSorted((one, other) => one.above - other.above) };
}
