import type { Usage } from "../../../core/usage/usage.ts";
import { COMMON, type Dialect, errorTypeOf, isTerminal, type PartialUsage, readCommon } from "../dialect.ts";
import { type Fields, fieldsAt, isFields, labelAt, listAt, textAt, hasMember } from "../../json/fields.ts";
import { type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { tokenUsage } from "./token-usage.ts";
import { textMembers } from "../text-members.ts";

const RESPONSE = {
  ...COMMON,
  status: "value",
  service_tier: "value",
  output: { type: "value" },
} as const satisfies ShapeSpec;

/** A response object alone, or inside the events of a stream. */
export const RESPONSES_SPEC = { ...RESPONSE, response: RESPONSE } as const satisfies ShapeSpec;

/** …/responses: plain, streamed, fetched again or canceled. */
export const openaiResponses: Dialect = {
  name: "openai.responses",
  shape: shapeOf(RESPONSES_SPEC),
  optionalInStreams: false,
  relevantFrame:
    /"usage"\s*:\s*\{|"error"\s*:\s*(?!null|\s)|"type"\s*:\s*"(?:error|response\.(?:completed|incomplete|failed|cancelled))"/,
  read: readResponses,
  hasContent: (document, event) => !NO_CONTENT.has(textAt(document, "type") ?? event ?? ""),
  toUsage: usageOfResponse,
  detect,
  text: textMembers("text|arguments|refusal", "delta"),
};

function detect(document: Fields, type: string): "certain" | "likely" | undefined {
  if (type.startsWith("response.")) return "certain";
  const usage = fieldsAt(document, "usage");
  if (usage === undefined || !hasMember(usage, "input_tokens") || !hasMember(usage, "input_tokens_details")) {
    return undefined;
  }
  // A document with these is one of Anthropic's messages.
  return type === "message" || hasMember(usage, "cache_read_input_tokens") ? undefined : "likely";
}

/** POST …/decisions: the same usage object, without id and status. */
export const openaiDecisions: Dialect = { ...openaiResponses, name: "openai.decisions", text: undefined };

function readResponses(partial: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const inner = fieldsAt(document, "response");
  if (inner !== undefined) return readResponse(partial, inner);

  const type = textAt(document, "type") ?? event;
  if (type === undefined || document["object"] === "response") return readResponse(partial, document);
  // The id in any other event is that of an output item, not of the response.
  if (type !== "error" && (document["error"] ?? undefined) === undefined) return partial;
  return { ...partial, failed: true, errorType: errorTypeOf(document) ?? partial.errorType };
}

function readResponse(partial: PartialUsage, response: Fields): PartialUsage {
  const next = readCommon(partial, response);
  const status = labelAt(response, "status") ?? partial.status;
  const usage = fieldsAt(response, "usage");
  return {
    ...next,
    usage: usage ?? partial.usage,
    status,
    serviceTier: labelAt(response, "service_tier") ?? partial.serviceTier,
    ended: partial.ended || isTerminal(status),
    toolCalls: toolCallsOf(response) ?? partial.toolCalls,
  };
}

function usageOfResponse(partial: PartialUsage): Usage | undefined {
  const { usage, toolCalls, serviceTier } = partial;
  return usage === undefined ? undefined : { ...tokenUsage(usage), toolCalls, serviceTier };
}

/** The usage object has no counter for built-in tools; their calls are among the output items. */
function toolCallsOf(response: Fields): Record<string, number> | undefined {
  let counts: Record<string, number> | undefined;
  for (const item of listAt(response, "output") ?? []) {
    const type = isFields(item) ? textAt(item, "type") : undefined;
    const tool = type === undefined ? undefined : BILLED_TOOLS.get(type);
    if (tool === undefined) continue;
    counts ??= {};
    counts[tool] = (counts[tool] ?? 0) + 1;
  }
  return counts;
}

const NO_CONTENT: ReadonlySet<string> = new Set([
  "response.created",
  "response.queued",
  "response.in_progress",
  "error",
  "response.failed",
]);
const BILLED_TOOLS: ReadonlyMap<string, string> = new Map([
  ["web_search_call", "web_search"],
  ["file_search_call", "file_search"],
  ["code_interpreter_call", "code_interpreter"],
  ["image_generation_call", "image_generation"],
]);
