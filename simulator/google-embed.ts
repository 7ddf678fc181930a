import { jsonResponse, type SimulatedResponse, type SimulatedRequest } from "./response.ts";
import { fieldsOf, listOf, numberOf } from "./json-fields.ts";
import { unitVector } from "./openai-embeddings.ts";
import { makePlan } from "./plan.ts";

/** `…:embedContent`: one text, with usage. */
export function embedContentResponse(request: SimulatedRequest): SimulatedResponse {
  const { input } = makePlan(request, { prompt: request.body["content"], maxTokens: undefined });
  const size = numberOf(request.body["outputDimensionality"]) ?? 768;
  const body = {
    embedding: { values: Array.from(unitVector(size, 0)) },
    truncated: false,
    usageMetadata: { promptTokenCount: input, promptTokensDetails: [{ modality: "TEXT", tokenCount: input }] },
  };
  return jsonResponse({
    operation: "embeddings",
    id: request.requestId,
    model: request.model,
    body,
    counters: { input, output: 0 },
  });
}

/** `…:batchEmbedContents` of the Gemini API, which reports no usage. */
export function batchEmbedResponse(request: SimulatedRequest): SimulatedResponse {
  const requests = listOf(request.body["requests"]);
  const size = numberOf(fieldsOf(requests[0])["outputDimensionality"]) ?? 768;
  const body = { embeddings: requests.map((_, index) => ({ values: Array.from(unitVector(size, index)) })) };
  return jsonResponse({ operation: "embeddings", id: request.requestId, model: request.model, body, counters: {} });
}

/** `…:predict` of the older text embedding models, with a counter for each vector. */
export function predictResponse(request: SimulatedRequest): SimulatedResponse {
  const instances = listOf(request.body["instances"]);
  const size = numberOf(fieldsOf(request.body["parameters"])["outputDimensionality"]) ?? 768;
  let sum = 0;
  const predictions = instances.map((instance, index) => {
    const { input } = makePlan(request, { prompt: fieldsOf(instance)["content"], maxTokens: undefined });
    sum += input;
    const statistics = { truncated: false, token_count: input };
    return { embeddings: { statistics, values: Array.from(unitVector(size, index)) } };
  });
  const body = { predictions, metadata: { billableCharacterCount: 24 } };
  const counters = { input: sum, output: 0 };
  return jsonResponse({ operation: "embeddings", id: request.requestId, model: request.model, body, counters });
}
