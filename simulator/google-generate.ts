import { plainAnswer, type Answer, type Ask, type Frame } from "./response.ts";
import type { Counters } from "./request-log.ts";
import { fieldsOf, listOf } from "./json-fields.ts";
import { makePlan, toolUse, type Plan, type ToolUse } from "./plan.ts";
import { googleErrorBody } from "./provider-errors.ts";

/** `…:generateContent`: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference */
export function answerGenerate(ask: Ask): Answer {
  const talk = talkAbout(ask);
  return plainAnswer({
    operation: "generate_content",
    id: talk.id,
    model: ask.model,
    body: document(talk, { parts: partsOf(talk), last: true }),
    tells: talk.plan.countsUsage ? told(talk.plan) : {},
  });
}

/** `…:streamGenerateContent`: server-sent events with `alt=sse`, otherwise one JSON array in pieces. */
export function answerStream(ask: Ask): Answer {
  const talk = talkAbout(ask);
  const sse = ask.query.get("alt") === "sse";
  const error = JSON.stringify(googleErrorBody(503));
  return {
    operation: "generate_content",
    id: talk.id,
    model: ask.model,
    status: 200,
    headers: { "content-type": sse ? "text/event-stream" : "application/json; charset=UTF-8" },
    stream: true,
    frames: sse ? asEvents(documents(talk)) : asArray(documents(talk)),
    errorFrame: (after) => (sse ? `data: ${error}\r\n\r\n` : `${after === 0 ? "[" : ",\r\n"}${error}]`),
  };
}

/** `…:countTokens` */
export function answerGoogleCount(ask: Ask): Answer {
  const { input } = makePlan(ask, { prompt: promptOf(ask), maxTokens: undefined });
  const body = { totalTokens: input, promptTokensDetails: modality(input) };
  return plainAnswer({ operation: "count_tokens", id: ask.requestId, model: ask.model, body, tells: {} });
}

interface Talk {
  readonly ask: Ask;
  readonly plan: Plan;
  readonly id: string;
  readonly tool: ToolUse | undefined;
}

function talkAbout(ask: Ask): Talk {
  const plan = makePlan(ask, {
    prompt: promptOf(ask),
    maxTokens: fieldsOf(ask.body["generationConfig"])["maxOutputTokens"],
    thoughts: 33, // These models think unless told not to.
  });
  return { ask, plan, id: ask.id("sim"), tool: requestedTool(ask) };
}

function promptOf({ body }: Ask): unknown {
  return [body["systemInstruction"], body["contents"], body["tools"]];
}

function requestedTool({ body }: Ask): ToolUse | undefined {
  const parts = listOf(fieldsOf(listOf(body["contents"]).at(-1))["parts"]);
  if (parts.some((part) => "functionResponse" in fieldsOf(part))) return undefined;
  const declared = listOf(fieldsOf(listOf(body["tools"])[0])["functionDeclarations"]);
  const first = fieldsOf(declared[0]);
  return toolUse({ name: first["name"], schema: first["parameters"] ?? first["parametersJsonSchema"] });
}

const modality = (tokenCount: number): readonly object[] => [{ modality: "TEXT", tokenCount }];

/** Proto3 JSON leaves out what is zero. */
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

function told({ input, output, cached, reasoning, tooling }: Plan): Partial<Counters> {
  return { input, output, cached, reasoning, tooling };
}

function partsOf({ tool, plan }: Talk): readonly object[] {
  return tool ? [{ functionCall: { name: tool.name, args: tool.input } }] : [{ text: plan.text }];
}

interface Piece {
  readonly parts: readonly object[];
  readonly last: boolean;
  /** Which counters an earlier document of a stream already has. */
  readonly usage?: object;
}

function document(talk: Talk, { parts, last, usage }: Piece): object {
  const { plan, ask, id } = talk;
  const finishReason = plan.cutShort ? "MAX_TOKENS" : "STOP";
  return {
    candidates: [{ content: { role: "model", parts }, ...(last && { finishReason, avgLogprobs: -0.1 }) }],
    ...(plan.countsUsage && { usageMetadata: usage ?? usageOf(plan) }),
    modelVersion: ask.model,
    createTime: new Date(ask.seconds * 1000).toISOString(),
    responseId: id,
  };
}

interface Told {
  readonly document: object;
  readonly tells: Partial<Counters>;
}

/** Early documents of Vertex know only the traffic type, later ones the prompt; the last one knows everything. */
function* documents(talk: Talk): Generator<Told> {
  const { plan, tool } = talk;
  const pieces = tool ? [partsOf(talk)] : plan.pieces.map((text) => [{ text }]);
  for (const [index, parts] of pieces.entries()) {
    const last = index === pieces.length - 1;
    const usage = index === 0 ? { trafficType: "ON_DEMAND" } : promptUsage(plan);
    const tells = last ? told(plan) : index === 0 ? {} : { input: plan.input, output: 0 };
    yield {
      document: document(talk, { parts, last, ...(!last && { usage }) }),
      tells: plan.countsUsage ? tells : {},
    };
  }
}

function promptUsage({ input }: Plan): object {
  return { promptTokenCount: input, totalTokenCount: input, trafficType: "ON_DEMAND" };
}

function* asEvents(all: Iterable<Told>): Generator<Frame> {
  for (const { document: body, tells } of all) {
    yield { text: `data: ${JSON.stringify(body)}\r\n\r\n`, content: true, tells };
  }
}

function* asArray(all: Iterable<Told>): Generator<Frame> {
  let opening = "[";
  for (const { document: body, tells } of all) {
    yield { text: `${opening}${JSON.stringify(body, undefined, 2)}`, content: true, tells };
    opening = ",\r\n";
  }
  yield { text: "]" };
}
