import type { Usage } from "../../../core/usage/usage.ts";
import { PLAIN_NAME, rawUsage, sumOfBoth } from "../counters.ts";
import { COMMON, type Dialect, type PartialUsage, hasElements, idText, readCommon } from "../dialect.ts";
import { countAt, type Fields, fieldsAt, isFields, labelAt, listAt, merged, textAt } from "../../json/fields.ts";
import { type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../safe-names.ts";
import { textMembers } from "../text-members.ts";

/** The REST API uses camelCase; some gateways in between use the snake_case names of the protocol buffers. */
const GENERATE_SPEC = {
  ...COMMON,
  modelVersion: "value",
  model_version: "value",
  responseId: "value",
  response_id: "value",
  usageMetadata: "value",
  usage_metadata: "value",
  candidates: { finishReason: "value" },
} as const satisfies ShapeSpec;

/** …:generateContent and …:streamGenerateContent, as events or as one array. */
export const googleGenerate: Dialect = {
  name: "google.generate",
  shape: shapeOf(GENERATE_SPEC),
  optionalInStreams: false,
  relevantFrame: /"(?:usageMetadata|usage_metadata|error)"\s*:\s*(?!null|\s)/,
  read: readGenerate,
  hasContent: (document) => hasElements(document, "candidates"),
  toUsage: usageOfGenerate,
  detect,
  text: textMembers("text"),
};

function detect(document: Fields): "certain" | undefined {
  const isGenerate = fieldsAt(document, "usageMetadata") ?? fieldsAt(document, "usage_metadata");
  return isGenerate === undefined ? undefined : "certain";
}

function readGenerate(partial: PartialUsage, document: Fields): PartialUsage {
  const next = readCommon(partial, document);
  const usage = fieldsAt(document, "usageMetadata") ?? fieldsAt(document, "usage_metadata");
  const model = textAt(document, "modelVersion") ?? textAt(document, "model_version");
  return {
    ...next,
    model: modelName(model) ?? next.model,
    id: idText(textAt(document, "responseId") ?? textAt(document, "response_id")) ?? next.id,
    // Running totals, whose late chunks may omit members of early ones.
    usage: usage === undefined ? partial.usage : merged(partial.usage, usage),
    // There is no end marker.
    ended: true,
  };
}

function usageOfGenerate(partial: PartialUsage): Usage | undefined {
  return partial.usage === undefined ? undefined : generateUsage(partial.usage);
}

/** Converts the `usageMetadata` of one response. */
export function generateUsage(usage: Fields): Usage {
  const count = (key: string): number | undefined => countAt(usage, key) ?? countAt(usage, snakeCase(key));
  const totalTokens = count("totalTokenCount");
  // The provider omits counters of zero. If there is a total, an absent counter is zero; else it is unknown.
  const absent = totalTokens === undefined ? undefined : 0;
  const inputTokens = count("promptTokenCount") ?? absent;
  const outputTokens = count("candidatesTokenCount") ?? absent;
  const reasoning = count("thoughtsTokenCount") ?? absent;
  const toolInput = count("toolUsePromptTokenCount");
  const totalInputTokens = inputTokens === undefined ? undefined : inputTokens + (toolInput ?? 0);
  const totalOutputTokens = outputTokens === undefined ? undefined : outputTokens + (reasoning ?? 0);

  return {
    inputTokens,
    outputTokens,
    totalInputTokens,
    totalOutputTokens,
    totalTokens: totalTokens ?? sumOfBoth(totalInputTokens, totalOutputTokens),
    cachedInputTokens: count("cachedContentTokenCount") ?? absent,
    reasoningTokens: reasoning,
    toolInputTokens: toolInput,
    inputByModality: modalities(usage, "promptTokensDetails"),
    outputByModality: modalities(usage, "candidatesTokensDetails"),
    cachedByModality: modalities(usage, "cacheTokensDetails"),
    serviceTier: labelAt(usage, "serviceTier") ?? labelAt(usage, "service_tier"),
    trafficType: labelAt(usage, "trafficType") ?? labelAt(usage, "traffic_type"),
    raw: rawUsage(usage),
  };
}

function modalities(usage: Fields, key: string): Record<string, number> | undefined {
  return countsByModality(listAt(usage, key) ?? listAt(usage, snakeCase(key)));
}

/** `[{"modality":"TEXT","tokenCount":80}]` → `{text: 80}` */
export function countsByModality(list: readonly unknown[] | undefined): Record<string, number> | undefined {
  let counts: Record<string, number> | undefined;
  for (const entry of list?.slice(0, MAX_MODALITIES) ?? []) {
    if (!isFields(entry)) continue;
    const modality = textAt(entry, "modality")?.toLowerCase() ?? "text";
    const name = modality === "modality_unspecified" ? "text" : modality;
    const tokens = countAt(entry, "tokenCount") ?? countAt(entry, "token_count") ?? countAt(entry, "tokens");
    if (tokens === undefined || !PLAIN_NAME.test(name)) continue;
    counts ??= {};
    counts[name] = (Object.hasOwn(counts, name) ? (counts[name] ?? 0) : 0) + tokens;
  }
  return counts;
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const MAX_MODALITIES = 16;
