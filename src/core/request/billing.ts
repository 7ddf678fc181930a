import type { Mutable } from "../mutable.ts";
import type { RequestRecord } from "./request-record.ts";

/** What a price is worked out from: the parts of a record that cost something. Plain data, for it goes between threads. */
export interface BillingFacts extends BilledAmounts {
  readonly provider: string;
  readonly model?: string;
  /** Plays no part in the price. */
  readonly owner?: string;
  /** What the provider itself says the call cost. */
  readonly statedUsd?: number;
  readonly serviceTier?: string;
  readonly speed?: string;
  readonly region?: string;
  readonly batch?: true;
  /** The amounts are those of many answers together, so that a price by the size of one says nothing. */
  readonly many?: true;
  /** Epoch milliseconds: prices have dates, some have hours. */
  readonly at: number;
  readonly items?: readonly BilledItem[];
}

/** Tokens and other units. Parts lie inside `input` and `output`. What is unknown is left out. */
export interface BilledAmounts {
  readonly input?: number;
  readonly output?: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly cacheWrite1h?: number;
  readonly audioIn?: number;
  readonly imageIn?: number;
  readonly videoIn?: number;
  readonly cachedAudio?: number;
  readonly cachedImage?: number;
  readonly audioOut?: number;
  readonly imageOut?: number;
  readonly videoOut?: number;
  readonly reasoning?: number;
  readonly audioSeconds?: number;
  readonly pages?: number;
  readonly images?: number;
  readonly webSearches?: number;
  readonly fileSearches?: number;
}

/** Work of another model inside the call. */
export interface BilledItem extends BilledAmounts {
  readonly model?: string;
  /** A part of the call's own counters, so it stands in their place; others come on top. */
  readonly within?: true;
}

/** What there is to price in a record; `undefined` where nothing was counted, or where it was counted before. */
export function billingOf(record: RequestRecord): BillingFacts | undefined {
  if (record.usage_state === "replay" || record.usage_state === "not_applicable") return undefined;
  const facts: Mutable<BillingFacts> = { provider: record.provider, at: Date.parse(record.timestamp) };
  if (record.model !== null) facts.model = record.model;
  if (record.owner !== undefined) facts.owner = record.owner;
  addAmounts(facts, record);
  const { provider_cost_usd, extra_items } = record;
  if (provider_cost_usd !== undefined) facts.statedUsd = provider_cost_usd;
  if (extra_items !== undefined && extra_items.length > 0) facts.items = billedItems(extra_items);
  if (!isCounted(facts) && record.total_tokens === undefined) return undefined;

  if (record.service_tier !== undefined) facts.serviceTier = record.service_tier;
  if (record.speed !== undefined) facts.speed = record.speed;
  if (record.inference_geo !== undefined) facts.region = record.inference_geo;
  if (record.operation === "batch" || record.service_tier === "batch") facts.batch = true;
  if (COLLECTIONS.has(record.operation ?? "")) facts.many = true;
  return facts;
}

const COLLECTIONS: ReadonlySet<string> = new Set(["batch", "agent", "run"]);

/** A record's further items, as far as they cost something. */
function billedItems(items: readonly unknown[]): readonly BilledItem[] {
  return items.map(itemOf);
}

/** What comes on top of a call's own counters. */
export function isBeside(item: BilledItem): boolean {
  return item.within === undefined;
}

/** The record's totals, for saying how much has no price; further items are in none of them. */
export function tokensOf({ input = 0, output = 0 }: BillingFacts): number {
  return input + output;
}

function isCounted(facts: BillingFacts): boolean {
  return (
    facts.input !== undefined ||
    facts.output !== undefined ||
    facts.statedUsd !== undefined ||
    facts.audioSeconds !== undefined ||
    facts.pages !== undefined ||
    facts.images !== undefined ||
    facts.items !== undefined
  );
}

/** The members of a record that are amounts, as they also stand in its extra items. */
type Amounts = Pick<
  RequestRecord,
  | "total_input_tokens"
  | "total_output_tokens"
  | "cached_input_tokens"
  | "cache_write_tokens"
  | "cache_write_by_ttl"
  | "reasoning_tokens"
  | "input_by_modality"
  | "output_by_modality"
  | "cached_by_modality"
  | "audio_seconds"
  | "pages"
  | "images"
  | "tool_calls"
> & { readonly input_tokens?: number | null; readonly output_tokens?: number | null };

// One assignment a line, and none for what is not there: members that are undefined would be carried between threads.
function addAmounts(facts: Mutable<BilledAmounts>, from: Amounts): void {
  const input = from.total_input_tokens ?? from.input_tokens ?? undefined;
  const output = from.total_output_tokens ?? from.output_tokens ?? undefined;
  if (input !== undefined) facts.input = input;
  if (output !== undefined) facts.output = output;
  if (from.cached_input_tokens) facts.cacheRead = from.cached_input_tokens;
  if (from.cache_write_tokens) facts.cacheWrite = from.cache_write_tokens;
  if (from.reasoning_tokens) facts.reasoning = from.reasoning_tokens;
  if (from.cache_write_by_ttl !== undefined) addWrites(facts, from.cache_write_by_ttl);
  if (from.input_by_modality !== undefined) addInput(facts, from.input_by_modality);
  if (from.output_by_modality !== undefined) addOutput(facts, from.output_by_modality);
  if (from.cached_by_modality !== undefined) addCached(facts, from.cached_by_modality);
  if (from.audio_seconds !== undefined) facts.audioSeconds = from.audio_seconds;
  if (from.pages !== undefined) facts.pages = from.pages;
  if (from.images !== undefined) facts.images = from.images;
  if (from.tool_calls !== undefined) addTools(facts, from.tool_calls);
}

type Counts = Readonly<Record<string, number>>;

function addWrites(facts: Mutable<BilledAmounts>, counts: Counts): void {
  const hour = counts["1h"];
  if (hour) facts.cacheWrite1h = hour;
}

function addInput(facts: Mutable<BilledAmounts>, { audio, image, video }: Counts): void {
  if (audio) facts.audioIn = audio;
  if (image) facts.imageIn = image;
  if (video) facts.videoIn = video;
}

/** Zero says something here: how the cached part divides is known. */
function addCached(facts: Mutable<BilledAmounts>, { audio = 0, image = 0 }: Counts): void {
  facts.cachedAudio = audio;
  facts.cachedImage = image;
}

function addOutput(facts: Mutable<BilledAmounts>, { audio, image, video }: Counts): void {
  if (audio) facts.audioOut = audio;
  if (image) facts.imageOut = image;
  if (video) facts.videoOut = video;
}

function addTools(facts: Mutable<BilledAmounts>, { web_search, file_search }: Counts): void {
  if (web_search) facts.webSearches = web_search;
  if (file_search) facts.fileSearches = file_search;
}

/** Groq lists what the models behind a compound system used; the call's own counters are the sum. */
const WITHIN = "usage_breakdown";

function itemOf(item: unknown): BilledItem {
  if (typeof item !== "object" || item === null) return {};
  const fields: Readonly<Record<string, unknown>> = { ...item };
  const billed: Mutable<BilledItem> = {};
  if (typeof fields["model"] === "string") billed.model = fields["model"];
  if (fields["kind"] === WITHIN) billed.within = true;
  // From a record that a gateway wrote: the amounts are what they are named.
  addAmounts(billed, fields);
  return billed;
}
