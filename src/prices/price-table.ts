import { readFileSync } from "node:fs";
import { calcPrice, waitForUpdate, type ModelPrice } from "@pydantic/genai-prices";
import type { Rate, RateCard } from "./rate-card.ts";
import { isSameModel } from "./same-model.ts";
import { spellingsOf } from "./price-books.ts";

/** A model as the price table knows it, with its prices at one moment. */
export interface Listed {
  readonly id: string;
  readonly card: RateCard;
  /** The prices change with the date or the time of day. */
  readonly isTimed: boolean;
}

/**
 * Looks a model up. The table's own arithmetic takes 30 µs a call and throws at contradictions, so it is asked for the
 * prices alone, once for each model. `undefined` for a model that it does not know, or knows without a price.
 */
export function findListed(book: string, model: string, at: number): Listed | undefined {
  for (const spelling of spellingsOf(book, model)) {
    const found = lookUp(book, spelling, at);
    if (found === null || !isSameModel(found.model.match, spelling)) continue;
    const card = cardOf(found.model_price, book, found.model.id);
    return card === undefined ? undefined : { id: found.model.id, card, isTimed: Array.isArray(found.model.prices) };
  }
  return undefined;
}

function lookUp(book: string, spelling: string, at: number): ReturnType<typeof calcPrice> {
  try {
    return calcPrice({}, spelling, { providerId: book, timestamp: new Date(at) });
  } catch {
    // A row of the table that contradicts itself is no price.
    return null;
  }
}

/** The table's names for prices, what they are the price of, and of how many. */
const KEYS: Readonly<Record<string, readonly [kind: keyof RateCard, per: number]>> = {
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

/** Groq bills every recording as ten seconds at least; the table has that in its code, not in its data. */
const MIN_SECONDS: ReadonlyMap<string, number> = new Map([
  ["groq/whisper-large-v3", 10],
  ["groq/whisper-large-v3-turbo", 10],
]);

/** `undefined` where there is no price at all: some rows only say that the model exists, and it is not free for that. */
function cardOf(prices: ModelPrice, book: string, id: string): RateCard | undefined {
  const card: { -readonly [K in keyof RateCard]: RateCard[K] } = {};
  let any = false;
  for (const [key, price] of Object.entries(prices)) {
    const known = KEYS[key];
    if (known === undefined || price === undefined) continue;
    const [kind, per] = known;
    if (kind === "minAudioSeconds") continue;
    card[kind] = rateOf(price, per);
    any = true;
  }
  if (!any) return undefined;
  card.minAudioSeconds = MIN_SECONDS.get(`${book}/${id}`);
  return card;
}

function rateOf(price: NonNullable<ModelPrice[string]>, per: number): Rate {
  if (typeof price === "number") return price / per;
  const steps = price.tiers.map((tier) => ({ above: tier.start, price: tier.price / per }));
  return { base: price.base / per, steps: steps.toSorted((one, other) => one.above - other.above) };
}

/** For the log and for people: which table it is. Its version is the package's. */
export function tableVersion(): string {
  const manifest = new URL("../package.json", import.meta.resolve("@pydantic/genai-prices"));
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string }; // npm needs it so
  return `genai-prices ${version}`;
}

/** Every model of one provider of the table that has a price, as it is at this moment. */
export async function listTable(book: string, at: number): Promise<readonly Listed[]> {
  const providers = (await waitForUpdate()) ?? [];
  const models = providers.find((provider) => provider.id === book)?.models ?? [];
  return models.flatMap((model) => {
    const listed = findListed(book, model.id, at);
    return listed?.id === model.id ? [listed] : [];
  });
}
