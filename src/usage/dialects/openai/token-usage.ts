import type { Usage } from "../../../core/usage/usage.ts";
import { countsBySuffix, modalitiesOf, rawUsage, statedCost, sumOfBoth } from "../counters.ts";
import { amountAt, countAt, type Fields, fieldsAt } from "../../json/fields.ts";

/**
 * Converts OpenAI's usage object, except that of chat: input and output tokens, which include cached and reasoning
 * tokens, or seconds for models billed by them. The details are in `input_tokens_details` or, for audio, in
 * `input_token_details`.
 */
export function tokenUsage(usage: Fields): Usage {
  const input = fieldsAt(usage, "input_tokens_details") ?? fieldsAt(usage, "input_token_details");
  const output = fieldsAt(usage, "output_tokens_details") ?? fieldsAt(usage, "output_token_details");
  const inputTokens = countAt(usage, "input_tokens");
  const outputTokens = countAt(usage, "output_tokens");

  return {
    inputTokens,
    outputTokens,
    totalInputTokens: inputTokens,
    totalOutputTokens: outputTokens,
    totalTokens: countAt(usage, "total_tokens") ?? sumOfBoth(inputTokens, outputTokens),
    cachedInputTokens: countAt(input, "cached_tokens"),
    cacheWriteTokens: countAt(input, "cache_write_tokens"),
    cacheWriteByTtl: writesByTtl(input),
    reasoningTokens: countAt(output, "reasoning_tokens") ?? countAt(usage, "reasoning_tokens"),
    inputByModality: modalitiesOf(input),
    outputByModality: modalitiesOf(output),
    cachedByModality: modalitiesOf(fieldsAt(input, "cached_tokens_details")),
    audioSeconds: amountAt(usage, "seconds"),
    providerCostUsd: statedCost(usage),
    raw: rawUsage(usage),
  };
}

/** `{"ttl_30m_tokens":128}` → `{"30m": 128}` */
function writesByTtl(input: Fields | undefined): Record<string, number> | undefined {
  const counts = countsBySuffix(fieldsAt(input, "cache_write_tokens_details"), "_tokens");
  if (counts === undefined) return undefined;
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name.replace(/^ttl_/, ""), count]));
}
