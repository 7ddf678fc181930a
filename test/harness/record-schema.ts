/**
 * The record as a schema: the one typed source of `docs/record.schema.json`, and what every record that a test sees is
 * checked against, together with what must hold between its fields.
 */
import { z } from "zod";

import { type RequestRecord, RECORD_SCHEMA } from "../../src/core/request/request-record.ts";

const count = z.int().min(0);
const tokens = (about: string): z.ZodOptional<z.ZodInt> => count.optional().describe(about);
const text = (about: string): z.ZodOptional<z.ZodString> => z.string().optional().describe(about);
const amount = (about: string): z.ZodOptional<z.ZodNumber> => z.number().min(0).optional().describe(about);
const counts = (about: string): z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodInt>> =>
  z.record(z.string(), count).optional().describe(about);

/** What a call used, and each of its `extra_items` as well. */
const amounts = {
  total_input_tokens: tokens("All input: cache reads, cache writes and tool use included."),
  total_output_tokens: tokens("All output, reasoning included."),
  total_tokens: tokens("The provider's total where it makes sense, else the sum of the two."),
  cached_input_tokens: tokens("Part of total_input_tokens that was read from the provider's cache."),
  cache_write_tokens: tokens("Part of total_input_tokens that was written to the provider's cache."),
  cache_write_by_ttl: counts("The same by lifetime, such as 5m, 30m, 1h."),
  reasoning_tokens: tokens("Part of total_output_tokens spent on reasoning."),
  tool_input_tokens: tokens("Part of total_input_tokens that tools brought in."),
  unattributed_tokens: tokens("Part of the provider's total that is neither input nor output; in neither total."),
  input_by_modality: counts("Keys: text, audio, image, video, document."),
  output_by_modality: counts("Keys as above."),
  cached_by_modality: counts("Keys as above."),
  prediction_accepted_tokens: tokens("Of OpenAI's predicted outputs."),
  prediction_rejected_tokens: tokens("Of OpenAI's predicted outputs."),
  audio_seconds: amount("Where the provider bills audio so."),
  pages: amount("Where the provider bills pages."),
  images: amount("Where the provider bills images."),
  search_units: amount("Where the provider bills searches."),
  tool_calls: counts("Calls of the provider's own tools, by name."),
  service_tier: text("What changes the price, as the provider put it."),
  speed: text("What changes the price, as the provider put it."),
  inference_geo: text("What changes the price, as the provider put it."),
  traffic_type: text("What changes the price, as the provider put it."),
  provider_cost_usd: amount("What the provider itself says that the call cost."),
};

const identity = {
  timestamp: z.iso.datetime().describe("When the call ended, UTC."),
  lmgate_id: z.string().nullable().describe("The row of the allow-list; null only for a preflight."),
  provider: z.string().min(1).describe("Name of the provider in the path."),
  endpoint: z.string().describe("The path as the client sent it, prefix included, without the query."),
  model: z.string().min(1).nullable().describe("The model in the answer, else in the request, path or query."),
  status: z.int().min(100).max(999).nullable().describe("What the client got; null if it got nothing."),
  input_tokens: count.nullable().describe("The provider's own input counter, unmodified. null is unknown."),
  output_tokens: count.nullable().describe("The provider's own output counter, unmodified. null is unknown."),
  masked_key: z.string().describe("The last six characters of the key; empty for a short one."),
  error_type: z
    .string()
    .min(1)
    .nullable()
    .describe("null when all went well; interrupted where the call ended with its thread or process."),
  id: z.uuidv7().describe("Of this record: reading a line twice need not count it twice."),
  schema: z.literal(RECORD_SCHEMA).describe("The version of the record that this document describes."),
};

const item = z.strictObject({
  kind: z.string().min(1).describe("What it is: compaction, advisor_message, svg_usage, usage_breakdown and others."),
  model: text("The model that did this work, where it is named."),
  input_tokens: tokens("The provider's own input counter."),
  output_tokens: tokens("The provider's own output counter."),
  ...amounts,
  usage_raw: z.unknown().optional(),
});

const recordSchema = z
  .strictObject({
    ...identity,
    owner: text("Of the row of the allow-list."),
    method: text("HTTP method."),
    operation: text("What kind of call it was, by method and path."),
    stream: z.boolean().optional().describe("Whether the answer came as a stream, or one was asked for."),
    duration_ms: amount("From the request head to the end of the answer."),
    ttfb_ms: amount("From the last byte of the request to the first of the answer."),
    ttft_ms: amount("From the last byte of the request to the first event with content."),
    request_bytes: tokens("Bytes of the request body as they passed."),
    response_bytes: tokens("Bytes of the response body as they passed."),
    ...amounts,
    cost_usd: z.number().min(0).nullable().optional().describe("null: something was used that has no price."),
    cost_source: z.enum(["provider", "override", "table", "none"]).optional().describe("Where cost_usd comes from."),
    extra_items: z
      .array(item)
      .optional()
      .describe("Further billed items with a model of their own; in none of the totals."),
    usage_raw: z.unknown().optional().describe("The provider's usage object as it was sent, up to 4 KB."),
    usage_source: z
      .enum(["body", "stream", "header", "websocket", "estimate", "none"])
      .optional()
      .describe("Where the counters were read."),
    usage_state: z
      .enum(["final", "partial", "aborted", "replay", "missing", "not_applicable"])
      .optional()
      .describe("How good the counters are. Leave replay out of sums."),
    usage_reason: text("Why counters are missing or doubtful."),
    request_model: text("The model asked for, where the answer names another."),
    response_model: text("The model that answered, where another was asked for."),
    deployment: text("Azure deployment or Vertex endpoint in the path."),
    response_id: text("The provider's id of the response."),
    request_id: text("The provider's id of the call, from its headers."),
    user_agent: text("Of the client, its first 256 characters."),
    client_ip: text("Address of the client's connection."),
    tags: z.record(z.string(), z.string()).optional().describe("From the header x-lmgate-tags."),
    estimated_input_tokens: tokens("A guess where the provider gave no counter; in no other field."),
    estimated_output_tokens: tokens("A guess where the provider gave no counter; in no other field."),
    session_id: text("The same on all records of one WebSocket."),
    close_code: z.int().optional().describe("Of a WebSocket, on the record that closes it."),
    instance: text("Which start of LMGate wrote the line."),
    seq: tokens("Its number there; gaps show lost records."),
  })
  .meta({
    title: "LMGate record",
    description:
      "One line of stats.jsonl. The first ten fields are always there, in this order, null where unknown; the others are left out where unknown. Later versions add fields.",
  });

/** Fails to compile as soon as a field, or the kind of one, differs between the schema and the code. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
type Written = z.infer<typeof recordSchema>;
void (true satisfies Same<keyof Written, keyof RequestRecord>);
void (true satisfies Written extends RequestRecord ? true : never);

/** JSON Schema, draft 2020-12. */
export function recordJsonSchema(): object {
  return z.toJSONSchema(recordSchema, {
    target: "draft-2020-12",
    // The name of the format says it better than the expression that checks it.
    override: ({ jsonSchema }) => void delete jsonSchema.pattern,
  });
}

const FIRST_TEN = Object.keys(identity).slice(0, 10).join();

/** All that is wrong with one record; empty for a sound one. */
export function faultsOf(record: unknown): readonly string[] {
  const parsed = recordSchema.safeParse(record);
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  const order = Object.keys(record as object)
    .slice(0, 10)
    .join(); // It was parsed as an object above.
  const misplaced = order === FIRST_TEN ? [] : [`the first ten fields are ${order}`];
  return [...misplaced, ...brokenRules(parsed.data)];
}

type Rule = (record: Written) => boolean;

/** What holds between the fields of any record, whatever the provider sent. */
const RULES: Readonly<Record<string, Rule>> = {
  "cache reads and writes are parts of the input": (record) =>
    within(sum(record.cached_input_tokens, record.cache_write_tokens), record.total_input_tokens),
  "reasoning is a part of the output": ({ reasoning_tokens, total_output_tokens }) =>
    within(reasoning_tokens, total_output_tokens),
  "the provider's counters are parts of the totals": (record) =>
    within(record.input_tokens ?? undefined, record.total_input_tokens) &&
    within(record.output_tokens ?? undefined, record.total_output_tokens),
  // A total below its parts is a fault of the vendor's, which the record must admit.
  "the total holds both sides": (record) =>
    within(sum(record.total_input_tokens, record.total_output_tokens), record.total_tokens) ||
    record.usage_reason === "inconsistent" ||
    record.usage_state !== "final",
  "without a source there are no counters": (record) =>
    (record.usage_source !== "none" && record.usage_source !== "estimate") || !isCounted(record),
  "a guess is named as the source": (record) =>
    (record.usage_source === "estimate") ===
    (!isCounted(record) && (record.estimated_input_tokens ?? record.estimated_output_tokens) !== undefined),
  "what is missing has no counters, and a reason": (record) =>
    record.usage_state !== "missing" || (!isCounted(record) && record.usage_reason !== undefined),
  "what is partial has counters, and a reason": (record) =>
    record.usage_state !== "partial" || (isCounted(record) && record.usage_reason !== undefined),
  "what is final has counters": (record) => record.usage_state !== "final" || isCounted(record),
  "a guess stands only where there is no counter": (record) =>
    (record.estimated_input_tokens === undefined || record.input_tokens === null) &&
    (record.estimated_output_tokens === undefined || record.output_tokens === null),
  "of a call whose end nobody saw nothing was counted": (record) =>
    record.usage_reason !== "interrupted" ||
    (record.error_type === "interrupted" && record.usage_state === "aborted" && !isCounted(record)),
  "a cost has a source": ({ cost_usd, cost_source }) =>
    (cost_usd === undefined) === (cost_source === undefined) && (cost_usd === null) === (cost_source === "none"),
  "what does not count costs nothing": ({ usage_state, cost_usd }) =>
    cost_usd === undefined || (usage_state !== "replay" && usage_state !== "not_applicable"),
};

function brokenRules(record: Written): readonly string[] {
  return Object.entries(RULES).flatMap(([rule, holds]) => (holds(record) ? [] : [`broken: ${rule}`]));
}

function within(part: number | undefined, whole: number | undefined): boolean {
  return part === undefined || whole === undefined || part <= whole;
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
}

function isCounted(record: Written): boolean {
  const units = [record.total_tokens, record.audio_seconds, record.pages, record.images, record.search_units];
  const counters = [record.input_tokens ?? undefined, record.output_tokens ?? undefined, record.provider_cost_usd];
  // Some work is billed by the call: Cohere's classifications.
  return [...units, ...counters, record.tool_calls].some((value) => value !== undefined);
}

/** Throws with the record printed, unless it is sound. */
export function assertSound(record: unknown): void {
  const faults = faultsOf(record);
  if (faults.length > 0) throw new Error(`${faults.join("; ")}\nin ${JSON.stringify(record, undefined, 2)}`);
}
