import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY_PARTIAL } from "../dialects/dialect.ts";
import type { Fields } from "../json/fields.ts";
import { endpointOf } from "./endpoint-table.ts";

const { reader } = endpointOf("POST", "/v9/unknown", false);

function dialectOf(...documents: readonly Fields[]): string | undefined {
  return documents.reduce((partial, document) => reader.read(partial, document, undefined), EMPTY_PARTIAL).dialect
    ?.name;
}

const DOCUMENTS: readonly (readonly [dialect: string, document: Fields])[] = [
  ["openai.chat", { choices: [] }],
  ["openai.chat", { usage: { prompt_tokens: 1 } }],
  ["openai.responses", { type: "response.created", response: {} }],
  ["openai.responses", { usage: { input_tokens: 1, input_tokens_details: {} } }],
  ["anthropic.messages", { type: "message_start", message: {} }],
  ["anthropic.messages", { type: "message", usage: { input_tokens: 1 } }],
  ["anthropic.messages", { usage: { input_tokens: 1, cache_read_input_tokens: 0 } }],
  ["anthropic.batch", { result: { type: "succeeded", message: {} } }],
  ["google.generate", { usageMetadata: {} }],
  ["google.generate", { usage_metadata: {} }],
  ["google.batch", { name: "batches/b" }],
  ["google.predict", { predictions: { embeddings: { statistics: {} } } }],
  ["google.interactions", { event_type: "interaction.start" }],
  ["google.interactions", { usage: { total_input_tokens: 1 } }],
  ["bedrock.converse", { usage: { inputTokens: 1 } }],
  ["bedrock.invoke", { generation_token_count: 1 }],
  ["cohere.chat", { meta: { billed_units: {} } }],
  ["ollama", { done: true, eval_count: 1 }],
  ["lmstudio", { stats: { total_output_tokens: 1 } }],
];

for (const [dialect, document] of DOCUMENTS) {
  test(`${JSON.stringify(document)} is recognized as ${dialect}`, () => assert.equal(dialectOf(document), dialect));
}

test("a member that only one dialect has decides before members that several have", () => {
  assert.equal(dialectOf({ choices: [], usageMetadata: {} }), "google.generate");
  assert.equal(dialectOf({ choices: [], "amazon-bedrock-invocationMetrics": {} }), "bedrock.invoke");
});

test("the first recognized document decides for the whole response", () => {
  assert.equal(dialectOf({ id: "x" }, { choices: [] }, { usageMetadata: {} }), "openai.chat");
});

test("a usage object of an unknown kind is kept as sent, and its counters stay unknown", () => {
  const partial = reader.read(EMPTY_PARTIAL, { usage: { credits: 3 } }, undefined);
  assert.equal(partial.dialect, undefined);
  const context = { exclusiveReasoning: false, stream: false, complete: true };
  assert.deepEqual(reader.toUsage(partial, context), { raw: { credits: 3 } });
});
