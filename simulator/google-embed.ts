import { plainAnswer, type Answer, type Ask } from "./response.ts";
import { fieldsOf, listOf, numberOf } from "./json-fields.ts";
import { unitVector } from "./openai-embeddings.ts";
import { makePlan } from "./plan.ts";

/** `…:embedContent`: one text, with usage. */
export function answerEmbedContent(ask: Ask): Answer {
  const { input } = makePlan(ask, { prompt: ask.body["content"], maxTokens: undefined });
  const size = numberOf(ask.body["outputDimensionality"]) ?? 768;
  const body = {
    embedding: { values: Array.from(unitVector(size, 0)) },
    truncated: false,
    usageMetadata: { promptTokenCount: input, promptTokensDetails: [{ modality: "TEXT", tokenCount: input }] },
  };
  return plainAnswer({
    operation: "embeddings",
    id: ask.requestId,
    model: ask.model,
    body,
    tells: { input, output: 0 },
  });
}

/** `…:batchEmbedContents` of the Gemini API: no usage at all. */
export function answerBatchEmbed(ask: Ask): Answer {
  const requests = listOf(ask.body["requests"]);
  const size = numberOf(fieldsOf(requests[0])["outputDimensionality"]) ?? 768;
  const body = { embeddings: requests.map((_, index) => ({ values: Array.from(unitVector(size, index)) })) };
  return plainAnswer({ operation: "embeddings", id: ask.requestId, model: ask.model, body, tells: {} });
}

/** `…:predict` of the older text embedding models: a count beside each vector, as a float, as Vertex writes it. */
export function answerPredict(ask: Ask): Answer {
  const instances = listOf(ask.body["instances"]);
  const size = numberOf(fieldsOf(ask.body["parameters"])["outputDimensionality"]) ?? 768;
  let sum = 0;
  const predictions = instances.map((instance, index) => {
    const { input } = makePlan(ask, { prompt: fieldsOf(instance)["content"], maxTokens: undefined });
    sum += input;
    const statistics = { truncated: false, token_count: input };
    return { embeddings: { statistics, values: Array.from(unitVector(size, index)) } };
  });
  const body = { predictions, metadata: { billableCharacterCount: 24 } };
  const tells = { input: sum, output: 0 };
  return plainAnswer({ operation: "embeddings", id: ask.requestId, model: ask.model, body, tells });
}
