import type { Usage } from "../../../core/usage/usage.ts";
import { rawUsage, inclusiveTotals } from "../counters.ts";
import { COMMON, type Dialect, type PartialUsage, idText, readCommon } from "../dialect.ts";
import { countAt, type Fields, fieldsAt, hasMember, textAt } from "../../json/fields.ts";
import { type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../safe-names.ts";
import { textMembers } from "../text-members.ts";

const RESPONSE = { model_instance_id: "value", response_id: "value", stats: "value" } as const satisfies ShapeSpec;

const LMSTUDIO_SPEC = { ...COMMON, ...RESPONSE, result: RESPONSE } as const satisfies ShapeSpec;

/** …/api/v1/chat: LM Studio's own API, whose stream ends with the whole response. */
export const lmstudio: Dialect = {
  name: "lmstudio",
  shape: shapeOf(LMSTUDIO_SPEC),
  optionalInStreams: false,
  relevantFrame: /"(?:stats|error)"\s*:\s*(?!null|\s)|"type"\s*:\s*"(?:chat\.end|error)"/,
  read: readResponse,
  hasContent: (document, event) => (textAt(document, "type") ?? event ?? "").endsWith(".delta"),
  toUsage: usageOfStats,
  detect: (document) => (hasStats(fieldsAt(document, "result") ?? document) ? "certain" : undefined),
  text: textMembers("content"),
};

/**
 * True if the document has the counters of this API. The older API has other counters under the same name, beside
 * OpenAI's usage.
 */
function hasStats(document: Fields): boolean {
  return hasMember(fieldsAt(document, "stats") ?? {}, "total_output_tokens");
}

function readResponse(partial: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const type = textAt(document, "type") ?? event;
  const response = fieldsAt(document, "result") ?? document;
  const next = readCommon(partial, document);
  return {
    ...next,
    model: modelName(textAt(response, "model_instance_id")) ?? next.model,
    id: idText(textAt(response, "response_id")) ?? next.id,
    usage: fieldsAt(response, "stats") ?? partial.usage,
    ended: partial.ended || type === "chat.end",
  };
}

function usageOfStats({ usage }: PartialUsage): Usage | undefined {
  if (usage === undefined) return undefined;
  const inputTokens = countAt(usage, "input_tokens");
  const outputTokens = countAt(usage, "total_output_tokens");
  return {
    ...inclusiveTotals(inputTokens, outputTokens),
    reasoningTokens: countAt(usage, "reasoning_output_tokens"),
    raw: rawUsage(usage),
  };
}
