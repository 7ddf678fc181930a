import type { Usage } from "../../../core/usage/usage.ts";
import { rawUsage } from "../counters.ts";
import { COMMON, type Dialect, type PartialUsage, idText, readCommon } from "../dialect.ts";
import { amountAt, countAt, type Fields, fieldsAt, textAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";

/**
 * …/cachedContents: creating a cache is billed once as input, keeping it by the hour. The usage is the size of the
 * cache.
 */
export const googleCache: Dialect = {
  name: "google.cache",
  shape: shapeOf({ ...COMMON, name: "value", usageMetadata: "value" }),
  optionalInStreams: false,
  relevantFrame: /"(?:usageMetadata|error)"\s*:\s*(?!null|\s)/,
  read: readCache,
  hasContent: () => false,
  toUsage: usageOfCache,
};

function readCache(partial: PartialUsage, document: Fields): PartialUsage {
  return {
    ...readCommon(partial, document),
    id: idText(textAt(document, "name")) ?? partial.id,
    usage: fieldsAt(document, "usageMetadata") ?? partial.usage,
  };
}

/** The provider has no counter called input here, so `inputTokens` stays unknown. */
function usageOfCache(partial: PartialUsage): Usage | undefined {
  const usage = partial.usage;
  if (usage === undefined) return undefined;
  const size = countAt(usage, "totalTokenCount");
  return {
    outputTokens: 0,
    totalInputTokens: size,
    totalOutputTokens: 0,
    totalTokens: size,
    audioSeconds: amountAt(usage, "audioDurationSeconds"),
    raw: rawUsage(usage),
  };
}
