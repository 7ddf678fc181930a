import { spellingsOf } from "./price-books.ts";
import type { Rate, RateCard } from "./rate-card.ts";
import { isSameModel } from "./same-model.ts";
import table from "./table.json" with { type: "json" };
import { isDated, matches, pricesAt, type PriceSet, type TableModel } from "./table-row.ts";

/** A model as the price table knows it, with its prices at one moment. */
export interface Listed {
  readonly id: string;
  readonly card: RateCard;
  /** The prices change with the date or the time of day. */
  readonly isTimed: boolean;
}

/** The rows of the books that were asked for. */
export class PriceTable {
  /** For the log and for people. */
  readonly version = `genai-prices ${table.version}`;
  readonly #books = new Map<string, readonly TableModel[]>();

  /** Looks a model up; `undefined` for one that the table does not know, or knows without a price. */
  find(book: string, model: string, at: number): Listed | undefined {
    for (const spelling of spellingsOf(book, model)) {
      const found = this.#lookUp(book, spelling.toLowerCase().trim());
      if (found === undefined || !isSameModel(found.match, spelling)) continue;
      const card = cardOf(pricesAt(found, at), book, found.id);
      return card === undefined ? undefined : { id: found.id, card, isTimed: isDated(found.prices) };
    }
    return undefined;
  }

  /** Every model of one book that has a price, as it is at this moment. */
  list(book: string, at: number): readonly Listed[] {
    return this.#rows(book).flatMap((model) => {
      const listed = this.find(book, model.id, at);
      return listed?.id === model.id ? [listed] : [];
    });
  }

  /** Rows fit names with their dates in either spelling: `-20260101` and `-2026-01-01`. */
  #lookUp(book: string, name: string): TableModel | undefined {
    const rows = this.#rows(book);
    const dashed = name.replaceAll(DATE, (text, year: string, month: string, day: string) =>
      isDay(Number(year), Number(month), Number(day)) ? `-${year}-${month}-${day}` : text,
    );
    return (
      rows.find((row) => matches(row.match, name)) ??
      (dashed === name ? undefined : rows.find((row) => matches(row.match, dashed)))
    );
  }

  #rows(book: string): readonly TableModel[] {
    const known = this.#books.get(book);
    if (known !== undefined) return known;
    const texts: Readonly<Record<string, string>> = table.providers;
    const rows = JSON.parse(texts[book] ?? "[]") as readonly TableModel[]; // as scripts/genai-prices.ts wrote it
    this.#books.set(book, rows);
    return rows;
  }
}

const DATE = /-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g;

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
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
function cardOf(prices: PriceSet, book: string, id: string): RateCard | undefined {
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

function rateOf(price: NonNullable<PriceSet[string]>, per: number): Rate {
  if (typeof price === "number") return price / per;
  const steps = price.tiers.map((tier) => ({ above: tier.start, price: tier.price / per }));
  return { base: price.base / per, steps: steps.toSorted((one, other) => one.above - other.above) };
}
