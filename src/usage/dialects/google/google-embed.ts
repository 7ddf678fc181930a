import type { Usage } from "../../../core/usage/usage.ts";
import { rawUsage } from "../counters.ts";
import { COMMON, type Dialect, type PartialUsage, readCommon } from "../dialect.ts";
import { countAt, type Fields, fieldsAt, hasMember, merged } from "../../json/fields.ts";
import { Each, type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { countsByModality } from "./google-generate.ts";
import { EMBEDDED_TEXT } from "../text-members.ts";

const EMBEDDING = { tokenCount: "value", statistics: "value" } as const satisfies ShapeSpec;

export const googleEmbed: Dialect = {
  name: "google.embed",
  shape: shapeOf({
    ...COMMON,
    usageMetadata: "value",
    tokenCount: "value",
    embedding: EMBEDDING,
    embeddings: new Each(EMBEDDING),
  }),
  optionalInStreams: false,
  relevantFrame: /"(?:usageMetadata|error)"\s*:\s*(?!null|\s)/,
  read: readEmbed,
  hasContent: () => false,
  toUsage: usageOfEmbed,
  text: EMBEDDED_TEXT,
};

function readEmbed(partial: PartialUsage, document: Fields): PartialUsage {
  // One of many embeddings, which may be emitted before the object that contains them.
  const one = fieldsAt(document, "embeddings");
  if (one !== undefined) return { ...partial, usage: withTokens(partial.usage, tokensOf(one)) };

  const tokens = countAt(document, "tokenCount") ?? tokensOf(fieldsAt(document, "embedding"));
  const usage = withTokens(partial.usage, tokens);
  const stated = fieldsAt(document, "usageMetadata");
  return { ...readCommon(partial, document), usage: stated === undefined ? usage : merged(usage, stated) };
}

/** The Gemini API reports at most the length of each text, and as a string. */
function tokensOf(embedding: Fields | undefined): number | undefined {
  const statistics = fieldsAt(embedding, "statistics");
  return countAt(embedding, "tokenCount") ?? countAt(statistics, "tokenCount") ?? countAt(statistics, "token_count");
}

function withTokens(usage: Fields | undefined, tokens: number | undefined): Fields | undefined {
  if (tokens === undefined) return usage;
  return merged(usage, { tokenCount: tokens + (countAt(usage, "tokenCount") ?? 0) });
}

function usageOfEmbed(partial: PartialUsage): Usage | undefined {
  const usage = partial.usage;
  if (usage === undefined) return undefined;
  const stated = countAt(usage, "promptTokenCount") ?? countAt(usage, "totalTokenCount");
  const inputTokens = stated ?? countAt(usage, "tokenCount");
  const details = hasMember(usage, "promptTokensDetails") ? usage["promptTokensDetails"] : undefined;
  return {
    ...inputOnly(inputTokens),
    inputByModality: Array.isArray(details) ? countsByModality(details) : undefined,
    raw: rawUsage(usage),
  };
}

/** For operations without output. */
export function inputOnly(inputTokens: number | undefined): Usage {
  return {
    inputTokens,
    outputTokens: 0,
    totalInputTokens: inputTokens,
    totalOutputTokens: 0,
    totalTokens: inputTokens,
  };
}
