import type { Usage } from "../../../core/usage/usage.ts";
import { rawUsage } from "../../json/amounts.ts";
import { COMMON, type Dialect, type PartialUsage, idText, readCommon } from "../dialect.ts";
import { countAt, type Fields, fieldsAt, hasMember, textAt } from "../../json/fields.ts";
import { type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { modelName } from "../../observe/safe-names.ts";
import { inclusiveTotals } from "../../json/totals.ts";

const ANSWER = { model_instance_id: "value", response_id: "value", stats: "value" } as const satisfies ShapeSpec;

export const LMSTUDIO_SPEC = { ...COMMON, ...ANSWER, result: ANSWER } as const satisfies ShapeSpec;

/** …/api/v1/chat: LM Studio's own API, whose stream ends in the whole answer. */
export const lmstudio: Dialect = {
  name: "lmstudio",
  shape: shapeOf(LMSTUDIO_SPEC),
  optionalInStreams: false,
  telling: /"(?:stats|error)"\s*:\s*(?!null|\s)|"type"\s*:\s*"(?:chat\.end|error)"/,
  read: readAnswer,
  hasContent: (document, event) => (textAt(document, "type") ?? event ?? "").endsWith(".delta"),
  settle: settleStats,
};

/** Whether the document has this API's counters; its older one has others of the same name beside OpenAI's usage. */
export function hasStats(document: Fields): boolean {
  return hasMember(fieldsAt(document, "stats") ?? {}, "total_output_tokens");
}

function readAnswer(findings: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const type = textAt(document, "type") ?? event;
  const answer = fieldsAt(document, "result") ?? document;
  const next = readCommon(findings, document);
  return {
    ...next,
    model: modelName(textAt(answer, "model_instance_id")) ?? next.model,
    id: idText(textAt(answer, "response_id")) ?? next.id,
    usage: fieldsAt(answer, "stats") ?? findings.usage,
    ended: findings.ended || type === "chat.end",
  };
}

function settleStats({ usage }: PartialUsage): Usage | undefined {
  if (usage === undefined) return undefined;
  const inputTokens = countAt(usage, "input_tokens");
  const outputTokens = countAt(usage, "total_output_tokens");
  return {
    ...inclusiveTotals(inputTokens, outputTokens),
    reasoningTokens: countAt(usage, "reasoning_output_tokens"),
    raw: rawUsage(usage),
  };
}
