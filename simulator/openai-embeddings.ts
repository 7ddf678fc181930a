import { plainAnswer, type Answer, type Ask } from "./response.ts";
import { numberOf, textOf } from "./json-fields.ts";
import { makePlan } from "./plan.ts";

/** `POST /v1/embeddings`; base64 holds little-endian 32-bit floats, which the official SDK asks for by default. */
export function answerEmbeddings(ask: Ask): Answer {
  const { body, directions } = ask;
  const input = body["input"];
  const inputs = Array.isArray(input) && typeof input[0] !== "number" ? input.length : 1;
  const dimensions = numberOf(body["dimensions"]) ?? (/large/.test(ask.model) ? 3072 : 1536);
  const tokens = directions.input ?? makePlan(ask, { prompt: input, maxTokens: undefined }).input;
  const base64 = textOf(body["encoding_format"]) === "base64";
  const data = Array.from({ length: inputs }, (_, index) => {
    const vector = unitVector(dimensions, index);
    return {
      object: "embedding",
      index,
      embedding: base64 ? Buffer.from(vector.buffer).toString("base64") : Array.from(vector),
    };
  });
  return plainAnswer({
    operation: "embeddings",
    id: ask.requestId,
    model: ask.model,
    body: { object: "list", data, model: ask.model, usage: { prompt_tokens: tokens, total_tokens: tokens } },
    tells: { input: tokens, output: 0 },
  });
}

export function unitVector(dimensions: number, seed: number): Float32Array {
  const vector = Float32Array.from({ length: dimensions }, (_, i) => Math.sin((i + 1) * (seed + 1)));
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}
