import { jsonResponse, type SimulatedResponse, type SimulatedRequest, type Frame } from "./response.ts";
import type { Counters } from "./request-log.ts";
import { fieldsOf, listOf } from "./json-fields.ts";
import { makePlan, slices, toolUse, type Plan, type ToolUse } from "./plan.ts";

/** `POST /v1/responses`: https://platform.openai.com/docs/api-reference/responses */
export function responsesResponse(request: SimulatedRequest): SimulatedResponse {
  const { body } = request;
  const plan = makePlan(request, {
    prompt: [body["instructions"], body["input"], body["tools"]],
    maxTokens: body["max_output_tokens"],
  });
  const context: ResponseContext = {
    request,
    plan,
    id: request.id("resp_"),
    itemId: request.id("msg_"),
    tool: requestedTool(request),
  };
  if (body["stream"] === true) {
    return {
      operation: "responses",
      id: context.id,
      model: request.model,
      status: 200,
      headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" },
      stream: true,
      frames: events(context),
      errorFrame: () => `event: error\ndata: ${JSON.stringify(streamError)}\n\n`,
    };
  }
  return jsonResponse({
    operation: "responses",
    id: context.id,
    model: request.model,
    body: finished(context),
    counters: plan.countsUsage ? countersOf(plan) : {},
  });
}

const streamError = {
  type: "error",
  code: "server_error",
  message: "The server had an error while processing the request.",
  param: null,
  sequence_number: 99,
};

interface ResponseContext {
  readonly request: SimulatedRequest;
  readonly plan: Plan;
  readonly id: string;
  readonly itemId: string;
  readonly tool: ToolUse | undefined;
}

function requestedTool({ body }: SimulatedRequest): ToolUse | undefined {
  if (body["tool_choice"] === "none") return undefined;
  if (fieldsOf(listOf(body["input"]).at(-1))["type"] === "function_call_output") return undefined;
  const first = fieldsOf(listOf(body["tools"])[0]);
  return toolUse({ name: first["name"], schema: first["parameters"] });
}

function countersOf({ input, output, cached, written, reasoning }: Plan): Partial<Counters> {
  return { input, output, cached, written, reasoning };
}

function usageOf(plan: Plan): object {
  return {
    input_tokens: plan.input,
    input_tokens_details: { cached_tokens: plan.cached, cache_write_tokens: plan.written },
    output_tokens: plan.output,
    output_tokens_details: { reasoning_tokens: plan.reasoning },
    total_tokens: plan.input + plan.output,
  };
}

function responseWith({ request, id }: ResponseContext, changes: object): object {
  const { body } = request;
  return {
    id,
    object: "response",
    created_at: request.seconds,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body["instructions"] ?? null,
    max_output_tokens: body["max_output_tokens"] ?? null,
    metadata: {},
    model: request.model,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: "default",
    store: true,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: body["tools"] ?? [],
    top_p: 1,
    truncation: "disabled",
    ...changes,
  };
}

function finished(context: ResponseContext): object {
  const { plan } = context;
  return responseWith(context, {
    status: plan.cutShort ? "incomplete" : "completed",
    incomplete_details: plan.cutShort ? { reason: "max_output_tokens" } : null,
    output: [item(context, "completed")],
    ...(plan.countsUsage && { usage: usageOf(plan) }),
  });
}

const textPart = (text: string): object => ({ type: "output_text", annotations: [], logprobs: [], text });

function item({ tool, plan, itemId }: ResponseContext, status: "in_progress" | "completed"): object {
  const done = status === "completed";
  if (tool) {
    const toolCallId = `call_${itemId.slice(4)}`;
    const input = done ? JSON.stringify(tool.input) : "";
    return { id: itemId, type: "function_call", status, name: tool.name, call_id: toolCallId, arguments: input };
  }
  return { id: itemId, type: "message", status, role: "assistant", content: done ? [textPart(plan.text)] : [] };
}

function* events(context: ResponseContext): Generator<Frame> {
  const { plan } = context;
  let sequence = 0;
  const event = (type: string, fields: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`;

  const inProgress = responseWith(context, { status: "in_progress", output: [], usage: null });
  yield { text: event("response.created", { response: inProgress }) };
  yield { text: event("response.in_progress", { response: inProgress }) };
  yield { text: event("response.output_item.added", { output_index: 0, item: item(context, "in_progress") }) };
  for (const [type, fields] of context.tool ? argumentEvents(context.tool) : textEvents(plan)) {
    const position = { item_id: context.itemId, output_index: 0 };
    yield { text: event(type, { ...position, ...fields }), content: type.endsWith(".delta") };
  }
  yield { text: event("response.output_item.done", { output_index: 0, item: item(context, "completed") }) };
  const last = plan.cutShort ? "response.incomplete" : "response.completed";
  yield { text: event(last, { response: finished(context) }), counters: plan.countsUsage ? countersOf(plan) : {} };
}

function* textEvents(plan: Plan): Generator<readonly [string, object]> {
  const position = { content_index: 0 };
  yield ["response.content_part.added", { ...position, part: textPart("") }];
  for (const [turn, delta] of plan.pieces.entries()) {
    yield [
      "response.output_text.delta",
      { ...position, delta, logprobs: [], obfuscation: "x".repeat(1 + (turn % 12)) },
    ];
  }
  yield ["response.output_text.done", { ...position, text: plan.text, logprobs: [] }];
  yield ["response.content_part.done", { ...position, part: textPart(plan.text) }];
}

function* argumentEvents(tool: ToolUse): Generator<readonly [string, object]> {
  const text = JSON.stringify(tool.input);
  for (const delta of slices(text, 3)) yield ["response.function_call_arguments.delta", { delta }];
  yield ["response.function_call_arguments.done", { name: tool.name, arguments: text }];
}
