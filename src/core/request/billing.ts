import type { Mutable } from "../mutable.ts";
import type { RequestRecord } from "./request-record.ts";

/** The parts of a record that determine its cost. Plain data, because it is sent between threads. */
export interface BillableRequest extends BilledAmounts {
  readonly provider: string;
  readonly model?: string;
  /** Does not affect the price. */
  readonly owner?: string;
  /** The cost that the provider itself states. */
  readonly statedUsd?: number;
  readonly serviceTier?: string;
  readonly speed?: string;
  readonly region?: string;
  readonly batch?: true;
  /** The amounts are sums over many responses, so price tiers by the size of one response do not apply. */
  readonly many?: true;
  /** Epoch milliseconds. Prices depend on the date, some on the hour. */
  readonly at: number;
  readonly items?: readonly BilledItem[];
}

/** Tokens and other units. The parts are included in `input` and `output`. Unknown amounts are left out. */
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

/** Work of another model within the request. */
export interface BilledItem extends BilledAmounts {
  readonly model?: string;
  /** The item is part of the request's own counters and replaces them; other items are billed in addition. */
  readonly within?: true;
}

/** Extracts what is billable from a record; `undefined` if nothing was counted, or an earlier record counted it. */
export function billingOf(record: RequestRecord): BillableRequest | undefined {
  if (record.usage_state === "replay" || record.usage_state === "not_applicable") return undefined;
  const billing: Mutable<BillableRequest> = { provider: record.provider, at: Date.parse(record.timestamp) };
  if (record.model !== null) billing.model = record.model;
  if (record.owner !== undefined) billing.owner = record.owner;
  addAmounts(billing, record);
  const { provider_cost_usd, extra_items } = record;
  if (provider_cost_usd !== undefined) billing.statedUsd = provider_cost_usd;
  if (extra_items !== undefined && extra_items.length > 0) billing.items = extra_items.map(itemOf);
  if (!isCounted(billing) && record.total_tokens === undefined) return undefined;

  if (record.service_tier !== undefined) billing.serviceTier = record.service_tier;
  if (record.speed !== undefined) billing.speed = record.speed;
  if (record.inference_geo !== undefined) billing.region = record.inference_geo;
  if (record.operation === "batch" || record.service_tier === "batch") billing.batch = true;
  if (COLLECTIONS.has(record.operation ?? "")) billing.many = true;
  return billing;
}

const COLLECTIONS: ReadonlySet<string> = new Set(["batch", "agent", "run"]);

/** True for an item that is billed in addition to the request's own counters. */
export function isAdditional(item: BilledItem): boolean {
  return item.within === undefined;
}

/** The record's totals, to report how much has no price. Further items are not included. */
export function tokensOf({ input = 0, output = 0 }: BillableRequest): number {
  return input + output;
}

function isCounted(billing: BillableRequest): boolean {
  return (
    billing.input !== undefined ||
    billing.output !== undefined ||
    billing.statedUsd !== undefined ||
    billing.audioSeconds !== undefined ||
    billing.pages !== undefined ||
    billing.images !== undefined ||
    billing.items !== undefined
  );
}

/** The amounts of a record or of one of its extra items. */
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

// Absent amounts are not assigned at all: a member that is undefined would be copied between threads as well.
function addAmounts(billing: Mutable<BilledAmounts>, from: Amounts): void {
  const input = from.total_input_tokens ?? from.input_tokens ?? undefined;
  const output = from.total_output_tokens ?? from.output_tokens ?? undefined;
  if (input !== undefined) billing.input = input;
  if (output !== undefined) billing.output = output;
  if (from.cached_input_tokens) billing.cacheRead = from.cached_input_tokens;
  if (from.cache_write_tokens) billing.cacheWrite = from.cache_write_tokens;
  if (from.reasoning_tokens) billing.reasoning = from.reasoning_tokens;
  if (from.cache_write_by_ttl !== undefined) addWrites(billing, from.cache_write_by_ttl);
  if (from.input_by_modality !== undefined) addInput(billing, from.input_by_modality);
  if (from.output_by_modality !== undefined) addOutput(billing, from.output_by_modality);
  if (from.cached_by_modality !== undefined) addCached(billing, from.cached_by_modality);
  if (from.audio_seconds !== undefined) billing.audioSeconds = from.audio_seconds;
  if (from.pages !== undefined) billing.pages = from.pages;
  if (from.images !== undefined) billing.images = from.images;
  if (from.tool_calls !== undefined) addTools(billing, from.tool_calls);
}

type Counts = Readonly<Record<string, number>>;

function addWrites(billing: Mutable<BilledAmounts>, counts: Counts): void {
  const hour = counts["1h"];
  if (hour) billing.cacheWrite1h = hour;
}

function addInput(billing: Mutable<BilledAmounts>, { audio, image, video }: Counts): void {
  if (audio) billing.audioIn = audio;
  if (image) billing.imageIn = image;
  if (video) billing.videoIn = video;
}

/** Zero is recorded here: it means that the modalities of the cached part are known. */
function addCached(billing: Mutable<BilledAmounts>, { audio = 0, image = 0 }: Counts): void {
  billing.cachedAudio = audio;
  billing.cachedImage = image;
}

function addOutput(billing: Mutable<BilledAmounts>, { audio, image, video }: Counts): void {
  if (audio) billing.audioOut = audio;
  if (image) billing.imageOut = image;
  if (video) billing.videoOut = video;
}

function addTools(billing: Mutable<BilledAmounts>, { web_search, file_search }: Counts): void {
  if (web_search) billing.webSearches = web_search;
  if (file_search) billing.fileSearches = file_search;
}

/** Groq lists the usage of each model behind a compound system; the request's own counters are their sum. */
const WITHIN = "usage_breakdown";

function itemOf(item: unknown): BilledItem {
  if (typeof item !== "object" || item === null) return {};
  const fields: Readonly<Record<string, unknown>> = { ...item };
  const billed: Mutable<BilledItem> = {};
  if (typeof fields["model"] === "string") billed.model = fields["model"];
  if (fields["kind"] === WITHIN) billed.within = true;
  // LMGate wrote the record, so each amount has the type that its name says.
  addAmounts(billed, fields);
  return billed;
}
