import assert from "node:assert/strict";
import { test } from "node:test";
import { modelInQuery, namesInPath } from "./path-names.ts";

const PATHS: readonly (readonly [path: string, model: string | undefined, deployment: string | undefined])[] = [
  ["/v1beta/models/gemini-x:generateContent", "gemini-x", undefined],
  ["/v1/p/publishers/anthropic/models/claude-x%40001:rawPredict", "claude-x@001", undefined],
  ["/v1beta/tunedModels/mine-1:generateContent", "tunedModels/mine-1", undefined],
  ["/v1/projects/p/locations/l/endpoints/123456:generateContent", undefined, "123456"],
  ["/v1/projects/p/locations/l/endpoints/openapi/chat/completions", undefined, undefined],
  ["/openai/deployments/my%20gpt/chat/completions", undefined, "my gpt"],
  ["/model/anthropic.claude-3:0/converse", "anthropic.claude-3:0", undefined],
  ["/model/arn%3Aaws%3Abedrock%3Ainference-profile%2Fx/invoke", "arn:aws:bedrock:inference-profile/x", undefined],
  ["/v1beta/models/bad%zz:generateContent", "bad%zz", undefined],
  ["/v1/chat/completions", undefined, undefined],
];

for (const [path, model, deployment] of PATHS) {
  test(`${path} names ${model ?? deployment ?? "nothing"}`, () =>
    assert.deepEqual(namesInPath(path), { model, deployment }));
}

test("a model in the query is decoded, after any other parameter", () => {
  assert.equal(modelInQuery("x=1&model=gpt%2Drealtime&y=2"), "gpt-realtime");
  assert.equal(modelInQuery("supermodel=x"), undefined);
});
