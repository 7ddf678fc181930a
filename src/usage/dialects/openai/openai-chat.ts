import type { ExtraItem, Usage } from "../../../core/usage/usage.ts";
import { modalitiesOf, rawUsage, statedCost } from "../counters.ts";
import { COMMON, type Dialect, type PartialUsage, hasElements, readCommon, type UsageContext } from "../dialect.ts";
import {
  amountAt,
  countAt,
  type Fields,
  fieldsAt,
  isFields,
  labelAt,
  listAt,
  textAt,
  hasMember,
} from "../../json/fields.ts";
import { type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../safe-names.ts";
import { textMembers } from "../text-members.ts";

/** POST …/chat/completions of OpenAI and about fifteen other vendors. */
export const CHAT_SPEC = {
  ...COMMON,
  service_tier: "value",
  choices: { finish_reason: "value" },
  usage_breakdown: "value",
  x_groq: { usage: "value", usage_breakdown: "value", error: "value" },
} as const satisfies ShapeSpec;

export const openaiChat: Dialect = {
  name: "openai.chat",
  shape: shapeOf(CHAT_SPEC),
  optionalInStreams: true,
  relevantFrame: /"(?:usage|error)"\s*:\s*(?!null|\s)/,
  read: readChat,
  hasContent: (document) => hasElements(document, "choices"),
  toUsage: usageOfChat,
  detect,
  text: textMembers("content|reasoning_content|reasoning|refusal|arguments"),
};

function detect(document: Fields): "likely" | undefined {
  const isChat = Array.isArray(document["choices"]) || hasMember(fieldsAt(document, "usage") ?? {}, "prompt_tokens");
  return isChat ? "likely" : undefined;
}

/** The legacy text completions have the same usage object and rules. */
export const openaiCompletions: Dialect = { ...openaiChat, name: "openai.completions", text: textMembers("text") };

function readChat(partial: PartialUsage, document: Fields): PartialUsage {
  const next = readCommon(partial, document);
  const groq = fieldsAt(document, "x_groq");
  const usage = fieldsAt(document, "usage") ?? tokenUsage(fieldsAt(groq, "usage"));
  const stopped = groq !== undefined && (groq["error"] ?? undefined) !== undefined;
  return {
    ...next,
    // Every snapshot is complete, even if each chunk has one: the last snapshot is the usage.
    usage: usage ?? partial.usage,
    serviceTier: labelAt(document, "service_tier") ?? partial.serviceTier,
    extra: fieldsAt(document, "usage_breakdown") ?? fieldsAt(groq, "usage_breakdown") ?? partial.extra,
    failed: next.failed || stopped,
    ended: partial.ended || (usage !== undefined && isLastChunk(document)),
  };
}

/** Groq's plain responses have hardware cache counters where its streams have usage. */
function tokenUsage(usage: Fields | undefined): Fields | undefined {
  return countAt(usage, "prompt_tokens") === undefined ? undefined : usage;
}

/** The chunk has usage without choices, or with a finish reason. */
function isLastChunk(document: Fields): boolean {
  const choices = listAt(document, "choices") ?? [];
  return (
    choices.length === 0 || choices.some((choice) => isFields(choice) && textAt(choice, "finish_reason") !== undefined)
  );
}

function usageOfChat(partial: PartialUsage, context: UsageContext): Usage | undefined {
  const usage = partial.usage;
  if (usage === undefined) return undefined;
  const input = fieldsAt(usage, "prompt_tokens_details") ?? fieldsAt(usage, "prompt_token_details");
  const output = fieldsAt(usage, "completion_tokens_details");
  const inputTokens = countAt(usage, "prompt_tokens");

  return {
    inputTokens,
    outputTokens: countAt(usage, "completion_tokens"),
    totalInputTokens: inputTokens,
    ...outputTotals(usage, context.exclusiveReasoning),
    cachedInputTokens:
      countAt(input, "cached_tokens") ??
      countAt(usage, "prompt_cache_hit_tokens") ??
      countAt(usage, "num_cached_tokens") ??
      countAt(usage, "cached_tokens"),
    cacheWriteTokens: countAt(input, "cache_write_tokens") ?? countAt(usage, "cache_creation_input_tokens"),
    inputByModality: modalitiesOf(input),
    outputByModality: modalitiesOf(output),
    predictionAcceptedTokens: countAt(output, "accepted_prediction_tokens"),
    predictionRejectedTokens: countAt(output, "rejected_prediction_tokens"),
    audioSeconds: amountAt(usage, "prompt_audio_seconds"),
    toolCalls: searches(usage),
    serviceTier: partial.serviceTier ?? labelAt(usage, "service_tier"),
    trafficType: labelAt(fieldsAt(fieldsAt(usage, "extra_properties"), "google"), "traffic_type"),
    providerCostUsd: statedCost(usage),
    extraItems: itemsOf(partial.extra),
    raw: rawUsage(usage),
  };
}

interface OutputTotals {
  readonly totalOutputTokens?: number | undefined;
  readonly totalTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
  readonly unattributedTokens?: number | undefined;
}

/**
 * Vendors differ in whether `completion_tokens` includes reasoning and do not document it. The gap between the total and
 * its parts shows it.
 */
export function outputTotals(usage: Fields, exclusiveReasoning: boolean): OutputTotals {
  const prompt = countAt(usage, "prompt_tokens");
  const completion = countAt(usage, "completion_tokens");
  const stated = countAt(fieldsAt(usage, "completion_tokens_details"), "reasoning_tokens");
  const reasoning = stated ?? countAt(usage, "reasoning_tokens");
  const total = countAt(usage, "total_tokens");
  if (prompt === undefined || completion === undefined) {
    return { totalOutputTokens: completion, totalTokens: total, reasoningTokens: reasoning };
  }

  const exclusive = (tokens: number, rest: number): OutputTotals => ({
    totalOutputTokens: completion + tokens,
    totalTokens: Math.max(total ?? 0, prompt + completion + tokens),
    reasoningTokens: tokens,
    unattributedTokens: rest > 0 ? rest : undefined,
  });

  // Perplexity's Sonar excludes reasoning from the completion, and mostly from the total as well.
  if (stated === undefined && reasoning !== undefined && "num_search_queries" in usage) {
    return exclusive(reasoning, (total ?? 0) - prompt - completion - reasoning);
  }
  if (total === undefined && exclusiveReasoning && reasoning !== undefined) return exclusive(reasoning, 0);

  const gap = (total ?? 0) - prompt - completion;
  if (total === undefined || gap <= 0) {
    return { totalOutputTokens: completion, totalTokens: prompt + completion, reasoningTokens: reasoning };
  }
  if (reasoning === undefined && exclusiveReasoning) return exclusive(gap, 0);
  if (reasoning !== undefined && reasoning > 0 && gap >= reasoning) return exclusive(reasoning, gap - reasoning);
  return { totalOutputTokens: completion, totalTokens: total, reasoningTokens: reasoning, unattributedTokens: gap };
}

function searches(usage: Fields): Record<string, number> | undefined {
  const count =
    countAt(fieldsAt(usage, "server_tool_use_details"), "web_search_requests") ?? countAt(usage, "num_search_queries");
  return count === undefined ? undefined : { web_search: count };
}

/** Groq's compound systems use several models and list the usage of each. */
function itemsOf(extra: Fields | undefined): readonly ExtraItem[] | undefined {
  const models = listAt(extra, "models")?.slice(0, 16);
  const items = models?.filter(isFields).map((entry): ExtraItem => {
    const used = fieldsAt(entry, "usage");
    const inputTokens = countAt(used, "prompt_tokens");
    const outputTokens = countAt(used, "completion_tokens");
    return { kind: "usage_breakdown", model: modelName(textAt(entry, "model")), inputTokens, outputTokens };
  });
  return items === undefined || items.length === 0 ? undefined : items;
}
