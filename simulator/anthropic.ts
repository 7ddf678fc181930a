import { jsonResponse, type SimulatedResponse, type SimulatedRequest, type Frame } from "./response.ts";
import type { Counters } from "./request-log.ts";
import { fieldsOf, listOf, textOf } from "./json-fields.ts";
import { makePlan, slices, toolUse, type Plan, type ToolUse } from "./plan.ts";
import { anthropicErrorBody } from "./provider-errors.ts";

/** `POST /v1/messages`: https://docs.claude.com/en/api/messages */
export function messagesResponse(request: SimulatedRequest): SimulatedResponse {
  const { body } = request;
  const plan = makePlan(request, { prompt: promptOf(request), maxTokens: body["max_tokens"] });
  const context: ResponseContext = { request, plan, id: request.id("msg_"), tool: requestedTool(request) };
  if (body["stream"] === true) {
    return {
      operation: "messages",
      id: context.id,
      model: request.model,
      status: 200,
      headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" },
      stream: true,
      frames: events(context),
      errorFrame: () => event("error", anthropicErrorBody(529, request.requestId)),
    };
  }
  return jsonResponse({
    operation: "messages",
    id: context.id,
    model: request.model,
    body: message(context, plan.countsUsage ? usageOf(plan) : undefined),
    counters: plan.countsUsage ? countersOf(plan) : {},
  });
}

/** `POST /v1/messages/count_tokens`: free, and does not use the model. */
export function tokenCountResponse(request: SimulatedRequest): SimulatedResponse {
  const plan = makePlan(request, { prompt: promptOf(request), maxTokens: undefined });
  const body = { input_tokens: plan.input };
  return jsonResponse({ operation: "count_tokens", id: request.requestId, model: request.model, body, counters: {} });
}

/** `GET /v1/models` */
export function anthropicModelsResponse(request: SimulatedRequest): SimulatedResponse {
  const data = ["claude-opus-5", "claude-sonnet-5", "claude-haiku-5"].map((id) => ({
    type: "model",
    id,
    display_name: id,
    created_at: "2026-08-01T00:00:00Z",
  }));
  const body = { data, has_more: false, first_id: "claude-opus-5", last_id: "claude-haiku-5" };
  return jsonResponse({ operation: "models", id: request.requestId, model: "", body, counters: {} });
}

interface ResponseContext {
  readonly request: SimulatedRequest;
  readonly plan: Plan;
  readonly id: string;
  readonly tool: ToolUse | undefined;
}

function promptOf({ body }: SimulatedRequest): unknown {
  return [body["system"], body["messages"], body["tools"]];
}

function requestedTool({ body }: SimulatedRequest): ToolUse | undefined {
  if (textOf(fieldsOf(body["tool_choice"])["type"]) === "none") return undefined;
  const last = fieldsOf(listOf(body["messages"]).at(-1));
  if (listOf(last["content"]).some((block) => fieldsOf(block)["type"] === "tool_result")) return undefined;
  const first = fieldsOf(listOf(body["tools"])[0]);
  return toolUse({ name: first["name"], schema: first["input_schema"] });
}

/** The input counters, which are final in the first event. `input_tokens` excludes cache reads and writes. */
function inputUsage(plan: Plan): object {
  return {
    input_tokens: plan.input,
    cache_creation_input_tokens: plan.written,
    cache_read_input_tokens: plan.cached,
    cache_creation: { ephemeral_5m_input_tokens: plan.written, ephemeral_1h_input_tokens: 0 },
    service_tier: "standard",
    inference_geo: "us",
  };
}

function outputUsage({ output, reasoning }: Plan): object {
  return { output_tokens: output, ...(reasoning > 0 && { output_tokens_details: { thinking_tokens: reasoning } }) };
}

function usageOf(plan: Plan): object {
  return { ...inputUsage(plan), ...outputUsage(plan) };
}

function countersOf({ input, output, cached, written, reasoning }: Plan): Partial<Counters> {
  return { input, output, cached, written, reasoning: reasoning > 0 ? reasoning : null };
}

function stopReason({ tool, plan }: ResponseContext): string {
  if (tool) return "tool_use";
  return plan.cutShort ? "max_tokens" : "end_turn";
}

function message(context: ResponseContext, usage: object | undefined): object {
  const { request, plan, tool, id } = context;
  const content = tool
    ? [{ type: "tool_use", id: `toolu_${id.slice(4)}`, name: tool.name, input: tool.input, caller: { type: "direct" } }]
    : [{ type: "text", text: plan.text, citations: null }];
  return {
    id,
    type: "message",
    role: "assistant",
    model: request.model,
    content,
    stop_reason: stopReason(context),
    stop_sequence: null,
    ...(usage && { usage }),
  };
}

function event(type: string, fields: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

function* events(context: ResponseContext): Generator<Frame> {
  const { plan, tool } = context;
  // The first event has a placeholder for the output counter.
  const opening = plan.countsUsage ? { ...inputUsage(plan), output_tokens: 1 } : undefined;
  const start = { ...message(context, opening), content: [], stop_reason: null };
  const early = { input: plan.input, cached: plan.cached, written: plan.written, output: 1 };
  yield { text: event("message_start", { message: start }), counters: plan.countsUsage ? early : {} };
  const content_block = tool
    ? { type: "tool_use", id: `toolu_${context.id.slice(4)}`, name: tool.name, input: {} }
    : { type: "text", text: "" };
  yield { text: event("content_block_start", { index: 0, content_block }) };
  yield { text: event("ping") };
  for (const delta of deltas(context)) {
    yield { text: event("content_block_delta", { index: 0, delta }), content: true };
  }
  yield { text: event("content_block_stop", { index: 0 }) };
  const closing = {
    delta: { stop_reason: stopReason(context), stop_sequence: null },
    ...(plan.countsUsage && { usage: outputUsage(plan) }),
  };
  yield { text: event("message_delta", closing), counters: plan.countsUsage ? countersOf(plan) : {} };
  yield { text: event("message_stop") };
}

function* deltas({ tool, plan }: ResponseContext): Generator<object> {
  if (!tool) {
    for (const text of plan.pieces) yield { type: "text_delta", text };
    return;
  }
  for (const partial_json of slices(JSON.stringify(tool.input), 3)) yield { type: "input_json_delta", partial_json };
}
