import { jsonResponse, type SimulatedResponse, type SimulatedRequest } from "./response.ts";
import { numberOf, textOf } from "./json-fields.ts";
import { makePlan } from "./plan.ts";

/** `POST /v1/embeddings`; base64, the default of the official SDK, contains little-endian 32-bit floats. */
export function embeddingsResponse(request: SimulatedRequest): SimulatedResponse {
  const { body, directions } = request;
  const input = body["input"];
  const inputs = Array.isArray(input) && typeof input[0] !== "number" ? input.length : 1;
  const dimensions = numberOf(body["dimensions"]) ?? (/large/.test(request.model) ? 3072 : 1536);
  const tokens = directions.input ?? makePlan(request, { prompt: input, maxTokens: undefined }).input;
  const base64 = textOf(body["encoding_format"]) === "base64";
  const data = Array.from({ length: inputs }, (_, index) => {
    const vector = unitVector(dimensions, index);
    return {
      object: "embedding",
      index,
      embedding: base64 ? Buffer.from(vector.buffer).toString("base64") : Array.from(vector),
    };
  });
  return jsonResponse({
    operation: "embeddings",
    id: request.requestId,
    model: request.model,
    body: { object: "list", data, model: request.model, usage: { prompt_tokens: tokens, total_tokens: tokens } },
    counters: { input: tokens, output: 0 },
  });
}

export function unitVector(dimensions: number, seed: number): Float32Array {
  const vector = Float32Array.from({ length: dimensions }, (_, i) => Math.sin((i + 1) * (seed + 1)));
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}
