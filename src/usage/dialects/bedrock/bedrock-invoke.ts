import type { Usage } from "../../../core/usage/usage.ts";
import { rawUsage, inclusiveTotals } from "../counters.ts";
import { type Dialect, type PartialUsage, readCommon, type UsageContext } from "../dialect.ts";
import { countAt, type Fields, fieldsAt, hasMember, isFields, listAt, merged, textAt } from "../../json/fields.ts";
import { type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { anthropicMessages, MESSAGES_SPEC } from "../anthropic/anthropic-messages.ts";
import { converseCounters } from "./bedrock-converse.ts";
import { type CounterNames, exclusiveCounters, readInvokeHead } from "./bedrock-head.ts";
import { CHAT_SPEC, openaiChat } from "../openai/openai-chat.ts";
import { textMembers } from "../text-members.ts";

const METRICS = "amazon-bedrock-invocationMetrics";

const INVOKE_SPEC = {
  ...CHAT_SPEC,
  ...MESSAGES_SPEC,
  [METRICS]: "value",
  // Nova's streams have the usage in an event of their own.
  metadata: { usage: "value" },
  // Llama
  prompt_token_count: "value",
  generation_token_count: "value",
  // Titan
  inputTextTokenCount: "value",
  totalOutputTextTokenCount: "value",
  results: { tokenCount: "value" },
} as const satisfies ShapeSpec;

/**
 * POST /model/{id}/invoke and invoke-with-response-stream: bodies in the format of the model's vendor, to which Bedrock
 * adds counters of its own, in the head of a plain response and in the last event of a stream.
 */
export const bedrockInvoke: Dialect = {
  name: "bedrock.invoke",
  shape: shapeOf(INVOKE_SPEC),
  optionalInStreams: false,
  relevantFrame:
    /"(?:usage|error|amazon-bedrock-invocationMetrics|(?:prompt|generation)_token_count|(?:input|totalOutput)TextTokenCount)"\s*:\s*(?!null|\s)|"message_stop"/,
  read: readInvoke,
  hasContent,
  toUsage: usageOfInvoke,
  readHead: readInvokeHead,
  detect: (document) => (hasInvokeCounters(document) ? "certain" : undefined),
  text: textMembers("text|thinking|partial_json|content|generation|outputText|completion"),
};

function readInvoke(partial: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const next = readVendor(partial, document, event);
  const metrics = fieldsAt(document, METRICS);
  if (metrics === undefined) return next;
  return { ...next, usage: merged(next.usage, { [METRICS]: metrics }), ended: true };
}

function readVendor(partial: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  // Claude's documents all have a type; OpenAI's have choices, in streams as well.
  const type = textAt(document, "type");
  if (type !== undefined) return withId(partial, anthropicMessages.read(partial, document, event));
  if (listAt(document, "choices") !== undefined) return withId(partial, openaiChat.read(partial, document, event));

  const usage =
    fieldsAt(document, "usage") ?? fieldsAt(fieldsAt(document, "metadata"), "usage") ?? ownCounters(document);
  const next = withId(partial, readCommon(partial, document));
  return usage === undefined ? next : { ...next, usage: merged(partial.usage, usage) };
}

/** Keeps Bedrock's request id from the head, which is unique; the vendor's own id may be missing or constant. */
function withId(before: PartialUsage, next: PartialUsage): PartialUsage {
  return before.id === undefined || next.id === before.id ? next : { ...next, id: before.id };
}

/** True if the document has counters that only Bedrock's invoke API has. */
function hasInvokeCounters(document: Fields): boolean {
  return fieldsAt(document, METRICS) !== undefined || OWN_COUNTERS.some((name) => hasMember(document, name));
}

/** Llama and Titan have their counters among the members of the response. */
function ownCounters(document: Fields): Fields | undefined {
  let counters: Record<string, unknown> | undefined;
  for (const name of OWN_COUNTERS) {
    if (hasMember(document, name)) (counters ??= {})[name] = document[name];
  }
  const results = listAt(document, "results");
  if (counters === undefined || results === undefined) return counters;
  const tokens = results.map((result) => (isFields(result) ? countAt(result, "tokenCount") : undefined));
  // If one counter is unknown, the sum is unknown.
  counters["tokenCount"] = tokens.includes(undefined)
    ? null
    : tokens.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return counters;
}

function hasContent(document: Fields, event: string | undefined): boolean {
  if (textAt(document, "type") !== undefined) return anthropicMessages.hasContent(document, event);
  return fieldsAt(document, "error") === undefined;
}

function usageOfInvoke(partial: PartialUsage, context: UsageContext): Usage | undefined {
  const vendor = partial.usage === undefined ? undefined : vendorUsage(partial, partial.usage, context);
  const metrics = fieldsAt(partial.usage, METRICS);
  // The vendor's counters have more detail than Bedrock's, but may be missing.
  const isComplete = vendor?.inputTokens !== undefined && vendor.outputTokens !== undefined;
  const stated =
    partial.headUsage ?? (isComplete || metrics === undefined ? undefined : exclusiveCounters(metrics, METRIC_NAMES));
  const usage = stated === undefined ? vendor : mergedCounters(vendor, stated);
  if (usage === undefined) return undefined;
  return { ...usage, serviceTier: usage.serviceTier ?? partial.serviceTier, raw: rawUsage(partial.usage) };
}

/** Bedrock's counters with the details of the vendor's. */
function mergedCounters(vendor: Usage | undefined, stated: Usage): Usage {
  if (vendor === undefined) return stated;
  // If both have the same input counter, the larger total includes the cache.
  const agree = vendor.inputTokens === stated.inputTokens;
  const vendorTotal = agree ? vendor.totalInputTokens : undefined;
  const totalInputTokens = Math.max(vendorTotal ?? 0, stated.totalInputTokens ?? 0);
  const outputTokens = stated.outputTokens ?? vendor.outputTokens;
  return {
    ...vendor,
    ...stated,
    outputTokens,
    totalInputTokens,
    totalOutputTokens: outputTokens,
    totalTokens: outputTokens === undefined ? undefined : totalInputTokens + outputTokens,
    cachedInputTokens: stated.cachedInputTokens ?? vendor.cachedInputTokens,
    cacheWriteTokens: stated.cacheWriteTokens ?? vendor.cacheWriteTokens,
  };
}

function vendorUsage(partial: PartialUsage, usage: Fields, context: UsageContext): Usage | undefined {
  if (hasMember(usage, "input_tokens")) return anthropicMessages.toUsage(partial, context);
  if (hasMember(usage, "prompt_tokens")) return openaiChat.toUsage(partial, context);
  if (hasMember(usage, "inputTokens")) return converseCounters(usage);
  if (hasMember(usage, "prompt_token_count") || hasMember(usage, "generation_token_count")) {
    return inclusiveTotals(countAt(usage, "prompt_token_count"), countAt(usage, "generation_token_count"));
  }
  if (!hasMember(usage, "inputTextTokenCount") && !hasMember(usage, "totalOutputTextTokenCount")) return undefined;
  const output = countAt(usage, "tokenCount") ?? countAt(usage, "totalOutputTextTokenCount");
  // Embeddings have no output and neither of these members.
  const isText = hasMember(usage, "tokenCount") || hasMember(usage, "totalOutputTextTokenCount");
  return inclusiveTotals(countAt(usage, "inputTextTokenCount"), isText ? output : 0);
}

const OWN_COUNTERS = [
  "prompt_token_count",
  "generation_token_count",
  "inputTextTokenCount",
  "totalOutputTextTokenCount",
] as const;
const METRIC_NAMES = {
  input: "inputTokenCount",
  output: "outputTokenCount",
  cacheRead: ["cacheReadInputTokenCount"],
  cacheWrite: ["cacheWriteInputTokenCount"],
} as const satisfies CounterNames;
