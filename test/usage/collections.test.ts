import assert from "node:assert/strict";
import { test } from "node:test";
import type { ObservedRequest } from "../../src/usage/observe/observer.ts";
import { CHAT, EVENTS, read } from "./observe.ts";

function get(path: string): ObservedRequest {
  return { ...CHAT, method: "GET", path };
}

function* arrayOf(open: string, element: string, times: number, close: string): Generator<Buffer> {
  yield Buffer.from(open + element);
  const next = Buffer.from(`,${element}`);
  for (let count = 1; count < times; count++) yield next;
  yield Buffer.from(close);
}

test("each of thousands of predictions is counted", () => {
  const values = `[${"0.0123,".repeat(700)}1]`;
  const prediction = `{"embeddings":{"statistics":{"truncated":false,"token_count":6.0},"values":${values}}}`;
  const request = { ...CHAT, path: "/v1/p/publishers/google/models/m:predict" };
  const body = arrayOf('{"predictions":[', prediction, 5000, '],"metadata":{"billableCharacterCount":24}}');
  const { state, usage } = read({ request, body });
  assert.deepEqual([state, usage?.inputTokens, usage?.totalTokens], ["final", 30_000, 30_000]);
});

test("each of thousands of responses in a batch is counted", () => {
  const response = `{"response":{"candidates":[{"content":"${"x".repeat(2000)}"}],"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":3,"totalTokenCount":5},"modelVersion":"m"}}`;
  const open = '{"name":"batches/b","done":true,"response":{"inlinedResponses":{"inlinedResponses":[';
  const reading = read({ request: get("/v1beta/batches/b"), body: arrayOf(open, response, 5000, "]}}}") });
  const { state, responseId, usage } = reading;
  assert.deepEqual(
    [state, responseId, usage?.inputTokens, usage?.outputTokens],
    ["replay", "batches/b", 10_000, 15_000],
  );
});

function batchLine(model: string): string {
  return `{"result":{"type":"succeeded","message":{"model":"${model}","usage":{"input_tokens":2,"output_tokens":3}}}}\n`;
}

test("partial results of a batch are not counted, because they can be downloaded again", () => {
  const response = '{"response":{"usageMetadata":{"promptTokenCount":2,"totalTokenCount":2},"modelVersion":"m"}}';
  const open = '{"name":"batches/b","done":true,"response":{"inlinedResponses":{"inlinedResponses":[';
  const request = get("/v1beta/batches/b");
  assert.equal(read({ request, body: `${open}${response}]}}}` }).usage?.inputTokens, 2);
  assert.equal(read({ request, body: `${open}${response},${response.slice(0, -2)}` }).usage, undefined);

  const results = get("/v1/messages/batches/b/results");
  for (const ending of ["cut", "aborted"] as const) {
    assert.equal(read({ request: results, body: batchLine("m"), ending }).usage, undefined);
    assert.equal(read({ request, body: `${open}${response}]}}}`, ending }).usage, undefined);
  }
});

test("a batch with too many models is counted completely, under the names of the first models", () => {
  const lines = Array.from({ length: 500 }, (_, index) => batchLine(`m${index}`));
  const reading = read({ request: get("/v1/messages/batches/b/results"), body: lines.join("") });
  const items = reading.usage?.extraItems ?? [];
  assert.equal(items.length, 31);
  const inputs = items.map(({ inputTokens }) => inputTokens ?? 0);
  assert.equal(
    inputs.reduce((sum, count) => sum + count, reading.usage?.inputTokens ?? 0),
    1000,
  );
});

test("a line that is not JSON loses only its own counters", () => {
  const body = `${batchLine("m")}{"result":{"type":"succ\n${batchLine("m")}`;
  const reading = read({ request: get("/v1/messages/batches/b/results"), body });
  assert.deepEqual([reading.usage?.inputTokens, reading.usage?.outputTokens], [4, 6]);
});

test("a repeated event of a session is counted once, even hundreds of events later", () => {
  const event = (id: string): string =>
    `data: {"type":"span.model_request_end","id":"${id}","model_usage":{"input_tokens":1,"output_tokens":1}}\n\n`;
  const ids = Array.from({ length: 200 }, (_, index) => `sevt_${index}`);
  const body = [...ids, ...ids, "sevt_other"].map(event).join("");
  const reading = read({ request: get("/v1/sessions/s/events/stream"), response: EVENTS, body });
  assert.deepEqual([reading.responseId, reading.usage?.inputTokens], ["s", 201]);
});
