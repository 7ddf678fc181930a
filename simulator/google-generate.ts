import { jsonResponse, type SimulatedResponse, type SimulatedRequest, type Frame } from "./response.ts";
import type { Counters } from "./request-log.ts";
import { fieldsOf, listOf } from "./json-fields.ts";
import { makePlan, toolUse, type Plan, type ToolUse } from "./plan.ts";
import { googleErrorBody } from "./provider-errors.ts";

/** `…:generateContent`: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference */
export function generateResponse(request: SimulatedRequest): SimulatedResponse {
  const context = contextOf(request);
  return jsonResponse({
    operation: "generate_content",
    id: context.id,
    model: request.model,
    body: document(context, { parts: partsOf(context), last: true }),
    counters: context.plan.countsUsage ? countersOf(context.plan) : {},
  });
}

/** `…:streamGenerateContent`: server-sent events with `alt=sse`, otherwise one JSON array in pieces. */
export function streamGenerateResponse(request: SimulatedRequest): SimulatedResponse {
  const context = contextOf(request);
  const sse = request.query.get("alt") === "sse";
  const error = JSON.stringify(googleErrorBody(503));
  return {
    operation: "generate_content",
    id: context.id,
    model: request.model,
    status: 200,
    headers: { "content-type": sse ? "text/event-stream" : "application/json; charset=UTF-8" },
    stream: true,
    frames: sse ? asEvents(documents(context)) : asArray(documents(context)),
    errorFrame: (after) => (sse ? `data: ${error}\r\n\r\n` : `${after === 0 ? "[" : ",\r\n"}${error}]`),
  };
}

/** `…:countTokens` */
export function googleCountResponse(request: SimulatedRequest): SimulatedResponse {
  const { input } = makePlan(request, { prompt: promptOf(request), maxTokens: undefined });
  const body = { totalTokens: input, promptTokensDetails: modality(input) };
  return jsonResponse({ operation: "count_tokens", id: request.requestId, model: request.model, body, counters: {} });
}

interface ResponseContext {
  readonly request: SimulatedRequest;
  readonly plan: Plan;
  readonly id: string;
  readonly tool: ToolUse | undefined;
}

function contextOf(request: SimulatedRequest): ResponseContext {
  const plan = makePlan(request, {
    prompt: promptOf(request),
    maxTokens: fieldsOf(request.body["generationConfig"])["maxOutputTokens"],
    thoughts: 33, // These models think unless the request turns it off.
  });
  return { request, plan, id: request.id("sim"), tool: requestedTool(request) };
}

function promptOf({ body }: SimulatedRequest): unknown {
  return [body["systemInstruction"], body["contents"], body["tools"]];
}

function requestedTool({ body }: SimulatedRequest): ToolUse | undefined {
  const parts = listOf(fieldsOf(listOf(body["contents"]).at(-1))["parts"]);
  if (parts.some((part) => "functionResponse" in fieldsOf(part))) return undefined;
  const declared = listOf(fieldsOf(listOf(body["tools"])[0])["functionDeclarations"]);
  const first = fieldsOf(declared[0]);
  return toolUse({ name: first["name"], schema: first["parameters"] ?? first["parametersJsonSchema"] });
}

const modality = (tokenCount: number): readonly object[] => [{ modality: "TEXT", tokenCount }];

/** Proto3 JSON omits zeros. */
function usageOf(plan: Plan): object {
  const { input, output, reasoning, tooling, cached } = plan;
  return {
    promptTokenCount: input,
    ...(output > 0 && { candidatesTokenCount: output }),
    totalTokenCount: input + output + reasoning + tooling,
    trafficType: "ON_DEMAND",
    promptTokensDetails: modality(input),
    ...(output > 0 && { candidatesTokensDetails: modality(output) }),
    ...(reasoning > 0 && { thoughtsTokenCount: reasoning }),
    ...(tooling > 0 && { toolUsePromptTokenCount: tooling, toolUsePromptTokensDetails: modality(tooling) }),
    ...(cached > 0 && { cachedContentTokenCount: cached, cacheTokensDetails: modality(cached) }),
  };
}

function countersOf({ input, output, cached, reasoning, tooling }: Plan): Partial<Counters> {
  return { input, output, cached, reasoning, tooling };
}

function partsOf({ tool, plan }: ResponseContext): readonly object[] {
  return tool ? [{ functionCall: { name: tool.name, args: tool.input } }] : [{ text: plan.text }];
}

interface Piece {
  readonly parts: readonly object[];
  readonly last: boolean;
  /** The counters of a document before the last one of a stream. */
  readonly usage?: object;
}

function document(context: ResponseContext, { parts, last, usage }: Piece): object {
  const { plan, request, id } = context;
  const finishReason = plan.cutShort ? "MAX_TOKENS" : "STOP";
  return {
    candidates: [{ content: { role: "model", parts }, ...(last && { finishReason, avgLogprobs: -0.1 }) }],
    ...(plan.countsUsage && { usageMetadata: usage ?? usageOf(plan) }),
    modelVersion: request.model,
    createTime: new Date(request.seconds * 1000).toISOString(),
    responseId: id,
  };
}

interface CountedDocument {
  readonly document: object;
  readonly counters: Partial<Counters>;
}

/** Vertex's first document has only the traffic type, later ones the prompt counter, and the last one all counters. */
function* documents(context: ResponseContext): Generator<CountedDocument> {
  const { plan, tool } = context;
  const pieces = tool ? [partsOf(context)] : plan.pieces.map((text) => [{ text }]);
  for (const [index, parts] of pieces.entries()) {
    const last = index === pieces.length - 1;
    const usage = index === 0 ? { trafficType: "ON_DEMAND" } : promptUsage(plan);
    const counters = last ? countersOf(plan) : index === 0 ? {} : { input: plan.input, output: 0 };
    yield {
      document: document(context, { parts, last, ...(!last && { usage }) }),
      counters: plan.countsUsage ? counters : {},
    };
  }
}

function promptUsage({ input }: Plan): object {
  return { promptTokenCount: input, totalTokenCount: input, trafficType: "ON_DEMAND" };
}

function* asEvents(all: Iterable<CountedDocument>): Generator<Frame> {
  for (const { document: body, counters } of all) {
    yield { text: `data: ${JSON.stringify(body)}\r\n\r\n`, content: true, counters };
  }
}

function* asArray(all: Iterable<CountedDocument>): Generator<Frame> {
  let opening = "[";
  for (const { document: body, counters } of all) {
    yield { text: `${opening}${JSON.stringify(body, undefined, 2)}`, content: true, counters };
    opening = ",\r\n";
  }
  yield { text: "]" };
}
