import type { Usage } from "../../../core/usage/usage.ts";
import { COMMON, type Dialect, errorTypeOf, type PartialUsage, readCommon } from "../dialect.ts";
import { type Fields, fieldsAt, isFields, labelAt, listAt, textAt } from "../../json/fields.ts";
import { type ShapeSpec, shapeOf } from "../../json/json-shape.ts";
import { tokenUsage } from "../../observe/token-usage.ts";

const RESPONSE = {
  ...COMMON,
  status: "value",
  service_tier: "value",
  output: { type: "value" },
} as const satisfies ShapeSpec;

/** A response object by itself, or inside the events of a stream. */
export const RESPONSES_SPEC = { ...RESPONSE, response: RESPONSE } as const satisfies ShapeSpec;

/** …/responses: plain, streamed, retrieved or canceled. */
export const openaiResponses: Dialect = {
  name: "openai.responses",
  shape: shapeOf(RESPONSES_SPEC),
  optionalInStreams: false,
  telling:
    /"usage"\s*:\s*\{|"error"\s*:\s*(?!null|\s)|"type"\s*:\s*"(?:error|response\.(?:completed|incomplete|failed|cancelled))"/,
  read: readResponses,
  hasContent: (document, event) => !NO_CONTENT.has(textAt(document, "type") ?? event ?? ""),
  settle: settleResponses,
};

/** POST …/decisions: answers to questions, with the same usage object and no id or status. */
export const openaiDecisions: Dialect = { ...openaiResponses, name: "openai.decisions" };

/** The answer will not change any more; before that its usage is unknown. */
export function isTerminal(status: string | undefined): boolean {
  return status !== undefined && TERMINAL.has(status);
}

function readResponses(findings: PartialUsage, document: Fields, event: string | undefined): PartialUsage {
  const inner = fieldsAt(document, "response");
  if (inner !== undefined) return readResponse(findings, inner);

  const type = textAt(document, "type") ?? event;
  if (type === undefined || document["object"] === "response") return readResponse(findings, document);
  // Any other event; an id in it belongs to an item, not to the response.
  if (type !== "error" && (document["error"] ?? undefined) === undefined) return findings;
  return { ...findings, failed: true, errorType: streamError(document) ?? findings.errorType };
}

/** The error event has its code beside its type; a nested error object is also seen. */
function streamError(document: Fields): string | undefined {
  return errorTypeOf(document);
}

function readResponse(findings: PartialUsage, response: Fields): PartialUsage {
  const next = readCommon(findings, response);
  const status = labelAt(response, "status") ?? findings.status;
  const usage = fieldsAt(response, "usage");
  return {
    ...next,
    usage: usage ?? findings.usage,
    status,
    serviceTier: labelAt(response, "service_tier") ?? findings.serviceTier,
    ended: findings.ended || isTerminal(status),
    toolCalls: toolCalls(response) ?? findings.toolCalls,
  };
}

function settleResponses(findings: PartialUsage): Usage | undefined {
  const { usage, toolCalls: calls, serviceTier } = findings;
  return usage === undefined ? undefined : { ...tokenUsage(usage), toolCalls: calls, serviceTier };
}

/** Built-in tools have no counter in the usage; their calls stand among the output items. */
function toolCalls(response: Fields): Record<string, number> | undefined {
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

const TERMINAL: ReadonlySet<string> = new Set(["completed", "incomplete", "failed", "cancelled"]);
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
