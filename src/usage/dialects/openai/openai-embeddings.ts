import type { Usage } from "../../../core/usage/usage.ts";
import { rawUsage, statedCost } from "../counters.ts";
import { COMMON, type Dialect, type PartialUsage, readCommon } from "../dialect.ts";
import { countAt, type Fields, fieldsAt } from "../../json/fields.ts";
import { shapeOf } from "../../json/json-shape.ts";
import { EMBEDDED_TEXT } from "../text-members.ts";

/** POST …/embeddings: the usage is at the end of a large body, and there is no output. */
export const openaiEmbeddings: Dialect = {
  name: "openai.embeddings",
  shape: shapeOf(COMMON),
  optionalInStreams: false,
  relevantFrame: /"(?:usage|error)"\s*:\s*(?!null|\s)/,
  read: readEmbeddings,
  hasContent: () => false,
  toUsage: usageOfEmbeddings,
  text: EMBEDDED_TEXT,
};

/** …/moderations: free and without usage, except at vendors whose classifiers count tokens. */
export const openaiModerations: Dialect = { ...openaiEmbeddings, name: "openai.moderations", text: undefined };

function readEmbeddings(partial: PartialUsage, document: Fields): PartialUsage {
  return { ...readCommon(partial, document), usage: fieldsAt(document, "usage") ?? partial.usage };
}

function usageOfEmbeddings(partial: PartialUsage): Usage | undefined {
  const usage = partial.usage;
  if (usage === undefined) return undefined;
  const inputTokens = countAt(usage, "prompt_tokens");
  const total = countAt(usage, "total_tokens");
  return {
    inputTokens,
    outputTokens: 0,
    totalInputTokens: inputTokens ?? total,
    totalOutputTokens: 0,
    totalTokens: total ?? inputTokens,
    providerCostUsd: statedCost(usage),
    raw: rawUsage(usage),
  };
}
