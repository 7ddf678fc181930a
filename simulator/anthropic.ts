import { plainAnswer, type Answer, type Ask, type Frame } from "./response.ts";
import type { Counters } from "./request-log.ts";
import { fieldsOf, listOf, textOf } from "./json-fields.ts";
import { makePlan, slices, toolUse, type Plan, type ToolUse } from "./plan.ts";
import { anthropicErrorBody } from "./provider-errors.ts";

/** `POST /v1/messages`: https://docs.claude.com/en/api/messages */
export function answerMessages(ask: Ask): Answer {
  const { body } = ask;
  const plan = makePlan(ask, { prompt: promptOf(ask), maxTokens: body["max_tokens"] });
  const talk: Talk = { ask, plan, id: ask.id("msg_"), tool: requestedTool(ask) };
  if (body["stream"] === true) {
    return {
      operation: "messages",
      id: talk.id,
      model: ask.model,
      status: 200,
      headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" },
      stream: true,
      frames: events(talk),
      errorFrame: () => event("error", anthropicErrorBody(529, ask.requestId)),
    };
  }
  return plainAnswer({
    operation: "messages",
    id: talk.id,
    model: ask.model,
    body: message(talk, plan.countsUsage ? usageOf(plan) : undefined),
    tells: plan.countsUsage ? told(plan) : {},
  });
}

/** `POST /v1/messages/count_tokens`: free, and no use of the model. */
export function answerTokenCount(ask: Ask): Answer {
  const plan = makePlan(ask, { prompt: promptOf(ask), maxTokens: undefined });
  const body = { input_tokens: plan.input };
  return plainAnswer({ operation: "count_tokens", id: ask.requestId, model: ask.model, body, tells: {} });
}

/** `GET /v1/models` */
export function answerAnthropicModels(ask: Ask): Answer {
  const data = ["claude-opus-5", "claude-sonnet-5", "claude-haiku-5"].map((id) => ({
    type: "model",
    id,
    display_name: id,
    created_at: "2026-08-01T00:00:00Z",
  }));
  const body = { data, has_more: false, first_id: "claude-opus-5", last_id: "claude-haiku-5" };
  return plainAnswer({ operation: "models", id: ask.requestId, model: "", body, tells: {} });
}

interface Talk {
  readonly ask: Ask;
  readonly plan: Plan;
  readonly id: string;
  readonly tool: ToolUse | undefined;
}

function promptOf({ body }: Ask): unknown {
  return [body["system"], body["messages"], body["tools"]];
}

function requestedTool({ body }: Ask): ToolUse | undefined {
  if (textOf(fieldsOf(body["tool_choice"])["type"]) === "none") return undefined;
  const last = fieldsOf(listOf(body["messages"]).at(-1));
  if (listOf(last["content"]).some((block) => fieldsOf(block)["type"] === "tool_result")) return undefined;
  const first = fieldsOf(listOf(body["tools"])[0]);
  return toolUse({ name: first["name"], schema: first["input_schema"] });
}

/** The input side: final from the first event on. Cache reads and writes stand beside `input_tokens`, not in it. */
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

function told({ input, output, cached, written, reasoning }: Plan): Partial<Counters> {
  return { input, output, cached, written, reasoning: reasoning > 0 ? reasoning : null };
}

function stopReason({ tool, plan }: Talk): string {
  if (tool) return "tool_use";
  return plan.cutShort ? "max_tokens" : "end_turn";
}

function message(talk: Talk, usage: object | undefined): object {
  const { ask, plan, tool, id } = talk;
  const content = tool
    ? [{ type: "tool_use", id: `toolu_${id.slice(4)}`, name: tool.name, input: tool.input, caller: { type: "direct" } }]
    : [{ type: "text", text: plan.text, citations: null }];
  return {
    id,
    type: "message",
    role: "assistant",
    model: ask.model,
    content,
    stop_reason: stopReason(talk),
    stop_sequence: null,
    ...(usage && { usage }),
  };
}

function event(type: string, fields: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

function* events(talk: Talk): Generator<Frame> {
  const { plan, tool } = talk;
  // A small placeholder stands where the output counter will be.
  const opening = plan.countsUsage ? { ...inputUsage(plan), output_tokens: 1 } : undefined;
  const start = { ...message(talk, opening), content: [], stop_reason: null };
  const early = { input: plan.input, cached: plan.cached, written: plan.written, output: 1 };
  yield { text: event("message_start", { message: start }), tells: plan.countsUsage ? early : {} };
  const content_block = tool
    ? { type: "tool_use", id: `toolu_${talk.id.slice(4)}`, name: tool.name, input: {} }
    : { type: "text", text: "" };
  yield { text: event("content_block_start", { index: 0, content_block }) };
  yield { text: event("ping") };
  for (const delta of deltas(talk)) {
    yield { text: event("content_block_delta", { index: 0, delta }), content: true };
  }
  yield { text: event("content_block_stop", { index: 0 }) };
  const closing = {
    delta: { stop_reason: stopReason(talk), stop_sequence: null },
    ...(plan.countsUsage && { usage: outputUsage(plan) }),
  };
  yield { text: event("message_delta", closing), tells: plan.countsUsage ? told(plan) : {} };
  yield { text: event("message_stop") };
}

function* deltas({ tool, plan }: Talk): Generator<object> {
  if (!tool) {
    for (const text of plan.pieces) yield { type: "text_delta", text };
    return;
  }
  for (const partial_json of slices(JSON.stringify(tool.input), 3)) yield { type: "input_json_delta", partial_json };
}
