import { plainAnswer, type Answer, type Ask, type Frame } from "./response.ts";
import type { Counters } from "./request-log.ts";
import { fieldsOf, listOf } from "./json-fields.ts";
import { makePlan, slices, toolUse, type Plan, type ToolUse } from "./plan.ts";

/** `POST /v1/responses`: https://platform.openai.com/docs/api-reference/responses */
export function answerResponse(ask: Ask): Answer {
  const { body } = ask;
  const plan = makePlan(ask, {
    prompt: [body["instructions"], body["input"], body["tools"]],
    maxTokens: body["max_output_tokens"],
  });
  const talk: Talk = { ask, plan, id: ask.id("resp_"), itemId: ask.id("msg_"), tool: requestedTool(ask) };
  if (body["stream"] === true) {
    return {
      operation: "responses",
      id: talk.id,
      model: ask.model,
      status: 200,
      headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" },
      stream: true,
      frames: events(talk),
      errorFrame: () => `event: error\ndata: ${JSON.stringify(streamError)}\n\n`,
    };
  }
  return plainAnswer({
    operation: "responses",
    id: talk.id,
    model: ask.model,
    body: finished(talk),
    tells: plan.countsUsage ? told(plan) : {},
  });
}

const streamError = {
  type: "error",
  code: "server_error",
  message: "The server had an error while processing the request.",
  param: null,
  sequence_number: 99,
};

interface Talk {
  readonly ask: Ask;
  readonly plan: Plan;
  readonly id: string;
  readonly itemId: string;
  readonly tool: ToolUse | undefined;
}

function requestedTool({ body }: Ask): ToolUse | undefined {
  if (body["tool_choice"] === "none") return undefined;
  if (fieldsOf(listOf(body["input"]).at(-1))["type"] === "function_call_output") return undefined;
  const first = fieldsOf(listOf(body["tools"])[0]);
  return toolUse({ name: first["name"], schema: first["parameters"] });
}

function told({ input, output, cached, written, reasoning }: Plan): Partial<Counters> {
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

function responseWith({ ask, id }: Talk, changing: object): object {
  const { body } = ask;
  return {
    id,
    object: "response",
    created_at: ask.seconds,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body["instructions"] ?? null,
    max_output_tokens: body["max_output_tokens"] ?? null,
    metadata: {},
    model: ask.model,
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
    ...changing,
  };
}

function finished(talk: Talk): object {
  const { plan } = talk;
  return responseWith(talk, {
    status: plan.cutShort ? "incomplete" : "completed",
    incomplete_details: plan.cutShort ? { reason: "max_output_tokens" } : null,
    output: [item(talk, "completed")],
    ...(plan.countsUsage && { usage: usageOf(plan) }),
  });
}

const textPart = (text: string): object => ({ type: "output_text", annotations: [], logprobs: [], text });

function item({ tool, plan, itemId }: Talk, status: "in_progress" | "completed"): object {
  const done = status === "completed";
  if (tool) {
    const callId = `call_${itemId.slice(4)}`;
    const input = done ? JSON.stringify(tool.input) : "";
    return { id: itemId, type: "function_call", status, name: tool.name, call_id: callId, arguments: input };
  }
  return { id: itemId, type: "message", status, role: "assistant", content: done ? [textPart(plan.text)] : [] };
}

function* events(talk: Talk): Generator<Frame> {
  const { plan } = talk;
  let sequence = 0;
  const event = (type: string, fields: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`;

  const running = responseWith(talk, { status: "in_progress", output: [], usage: null });
  yield { text: event("response.created", { response: running }) };
  yield { text: event("response.in_progress", { response: running }) };
  yield { text: event("response.output_item.added", { output_index: 0, item: item(talk, "in_progress") }) };
  for (const [type, fields] of talk.tool ? argumentEvents(talk.tool) : textEvents(plan)) {
    const place = { item_id: talk.itemId, output_index: 0 };
    yield { text: event(type, { ...place, ...fields }), content: type.endsWith(".delta") };
  }
  yield { text: event("response.output_item.done", { output_index: 0, item: item(talk, "completed") }) };
  const last = plan.cutShort ? "response.incomplete" : "response.completed";
  yield { text: event(last, { response: finished(talk) }), tells: plan.countsUsage ? told(plan) : {} };
}

function* textEvents(plan: Plan): Generator<readonly [string, object]> {
  const place = { content_index: 0 };
  yield ["response.content_part.added", { ...place, part: textPart("") }];
  for (const [turn, delta] of plan.pieces.entries()) {
    yield ["response.output_text.delta", { ...place, delta, logprobs: [], obfuscation: "x".repeat(1 + (turn % 12)) }];
  }
  yield ["response.output_text.done", { ...place, text: plan.text, logprobs: [] }];
  yield ["response.content_part.done", { ...place, part: textPart(plan.text) }];
}

function* argumentEvents(tool: ToolUse): Generator<readonly [string, object]> {
  const text = JSON.stringify(tool.input);
  for (const delta of slices(text, 3)) yield ["response.function_call_arguments.delta", { delta }];
  yield ["response.function_call_arguments.done", { name: tool.name, arguments: text }];
}
