import { jsonResponse, type SimulatedResponse, type SimulatedRequest, type Frame } from "./response.ts";
import type { Counters } from "./request-log.ts";
import { fieldsOf, listOf, numberOf } from "./json-fields.ts";
import { makePlan, slices, toolUse, type Plan, type ToolUse } from "./plan.ts";
import { openaiErrorBody } from "./provider-errors.ts";

/** `POST /v1/chat/completions`: https://platform.openai.com/docs/api-reference/chat */
export function chatResponse(request: SimulatedRequest): SimulatedResponse {
  const { body } = request;
  const plan = makePlan(request, {
    prompt: [body["messages"], body["tools"]],
    maxTokens: body["max_completion_tokens"] ?? body["max_tokens"],
  });
  const context: ResponseContext = {
    request,
    plan,
    id: request.id("chatcmpl-"),
    choices: numberOf(body["n"]) ?? 1,
    tool: requestedTool(request),
  };
  if (body["stream"] === true) return streamed(context);
  return jsonResponse({
    operation: "chat",
    id: context.id,
    model: request.model,
    body: completion(context),
    counters: plan.countsUsage ? countersOf(plan) : {},
  });
}

interface ResponseContext {
  readonly request: SimulatedRequest;
  readonly plan: Plan;
  readonly id: string;
  readonly choices: number;
  readonly tool: ToolUse | undefined;
}

function requestedTool({ body }: SimulatedRequest): ToolUse | undefined {
  if (body["tool_choice"] === "none") return undefined;
  const last = fieldsOf(listOf(body["messages"]).at(-1));
  if (last["role"] === "tool") return undefined; // The tool's result is in the request.
  const first = fieldsOf(fieldsOf(listOf(body["tools"])[0])["function"]);
  return toolUse({ name: first["name"], schema: first["parameters"] });
}

function usageOf(plan: Plan): object {
  return {
    prompt_tokens: plan.input,
    completion_tokens: plan.output,
    total_tokens: plan.input + plan.output,
    prompt_tokens_details: { cached_tokens: plan.cached, cache_write_tokens: plan.written, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: plan.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function countersOf(plan: Plan): Partial<Counters> {
  const { input, output, cached, written, reasoning } = plan;
  return { input, output, cached, written, reasoning };
}

function finishReason({ plan, tool }: ResponseContext): string {
  if (tool) return "tool_calls";
  return plan.cutShort ? "length" : "stop";
}

function completion(context: ResponseContext): object {
  const { request, plan, tool } = context;
  const call = tool && {
    id: `call_${context.id.slice(9)}`,
    type: "function",
    function: { name: tool.name, arguments: JSON.stringify(tool.input) },
  };
  const message = {
    role: "assistant",
    content: tool ? null : plan.text,
    ...(call && { tool_calls: [call] }),
    refusal: null,
    annotations: [],
  };
  const finish_reason = finishReason(context);
  return {
    id: context.id,
    object: "chat.completion",
    created: request.seconds,
    model: request.model,
    choices: Array.from({ length: context.choices }, (_, index) => ({ index, message, logprobs: null, finish_reason })),
    ...(plan.countsUsage && { usage: usageOf(plan) }),
    service_tier: "default",
    system_fingerprint: "fp_51a1a70b0e",
  };
}

function streamed(context: ResponseContext): SimulatedResponse {
  return {
    operation: "chat",
    id: context.id,
    model: context.request.model,
    status: 200,
    headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" },
    stream: true,
    frames: chunks(context),
    errorFrame: () => `data: ${JSON.stringify(openaiErrorBody(500))}\n\n`,
  };
}

function* chunks(context: ResponseContext): Generator<Frame> {
  const { request, plan } = context;
  const options = fieldsOf(request.body["stream_options"]);
  const withUsage = options["include_usage"] === true && plan.countsUsage;
  const head = {
    id: context.id,
    object: "chat.completion.chunk",
    created: request.seconds,
    model: request.model,
    service_tier: "default",
    system_fingerprint: "fp_51a1a70b0e",
  };
  let turn = 0;
  const chunk = (choices: readonly object[]): string => {
    turn += 1;
    // Padding of varying length, so that the size of a frame does not reveal its token.
    const obfuscation = options["include_obfuscation"] === false ? {} : { obfuscation: "x".repeat(1 + (turn % 12)) };
    return `data: ${JSON.stringify({ ...head, choices, ...(withUsage && { usage: null }), ...obfuscation })}\n\n`;
  };
  const each = (delta: object, finish_reason: string | null): readonly object[] =>
    Array.from({ length: context.choices }, (_, index) => ({ index, delta, logprobs: null, finish_reason }));

  yield { text: chunk(each({ role: "assistant", content: context.tool ? null : "", refusal: null }, null)) };
  for (const delta of deltas(context)) yield { text: chunk(each(delta, null)), content: true };
  yield { text: chunk(each({}, finishReason(context))) };
  if (withUsage) {
    yield {
      text: `data: ${JSON.stringify({ ...head, choices: [], usage: usageOf(plan) })}\n\n`,
      counters: countersOf(plan),
    };
  }
  yield { text: "data: [DONE]\n\n" };
}

function* deltas({ tool, id, plan }: ResponseContext): Generator<object> {
  if (!tool) {
    for (const content of plan.pieces) yield { content };
    return;
  }
  const opening = { name: tool.name, arguments: "" };
  yield { tool_calls: [{ index: 0, id: `call_${id.slice(9)}`, type: "function", function: opening }] };
  for (const part of slices(JSON.stringify(tool.input), 3)) {
    yield { tool_calls: [{ index: 0, function: { arguments: part } }] };
  }
}

const models = ["gpt-5.5", "gpt-5.5-mini", "text-embedding-3-small", "text-embedding-3-large"];

/** `GET /v1/models` and `GET /v1/models/{model}`. */
export function modelsResponse(request: SimulatedRequest): SimulatedResponse {
  const describe = (id: string): object => ({ id, object: "model", created: 1_767_225_600, owned_by: "openai" });
  const one = request.path.split("/models/")[1];
  const body = one === undefined ? { object: "list", data: models.map(describe) } : describe(decodeURIComponent(one));
  return jsonResponse({ operation: "models", id: request.requestId, model: one ?? "", body, counters: {} });
}
