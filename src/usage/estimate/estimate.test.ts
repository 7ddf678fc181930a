import assert from "node:assert/strict";
import { test } from "node:test";
import type { UsageState } from "../../core/usage/usage.ts";
import { estimated } from "./estimate.ts";
import { RequestObserver, type ObservedRequest } from "../observe/observer.ts";
import type { ReadingState } from "../observe/reading-state.ts";

const TEXT = { input: () => 12, output: () => 34 };

function stateOf(state: UsageState, rest: Partial<ReadingState> = {}): ReadingState {
  return { state, reason: undefined, source: "none", ...rest };
}

test("a request that ended without usage has estimates, and they are its source", () => {
  for (const state of ["missing", "aborted"] as const) {
    const found = estimated(stateOf(state), undefined, TEXT);
    assert.deepEqual(found, { source: "estimate", estimatedInputTokens: 12, estimatedOutputTokens: 34 });
  }
});

test("a counter of the provider is never estimated and stays the source", () => {
  const found = estimated(stateOf("partial", { source: "stream" }), { inputTokens: 7 }, TEXT);
  assert.deepEqual(found, { source: "stream", estimatedInputTokens: undefined, estimatedOutputTokens: 34 });
});

test("requests that are final, a replay, without usage or pending have no estimates", () => {
  const states = [
    stateOf("final", { source: "body" }),
    stateOf("replay"),
    stateOf("not_applicable"),
    stateOf("missing", { reason: "pending" }),
  ];
  for (const found of states) assert.deepEqual(estimated(found, undefined, TEXT), { source: found.source });
});

test("without text there is no estimate", () => {
  const found = estimated(stateOf("missing"), undefined, { input: () => undefined, output: () => undefined });
  assert.equal(found.source, "none");
});

const CHAT: ObservedRequest = {
  method: "POST",
  path: "/v1/chat/completions",
  query: "",
  exclusiveReasoning: false,
  upgrade: false,
  contentType: "application/json",
  contentEncoding: undefined,
  estimate: true,
};
const REQUEST_BODY = JSON.stringify({
  model: "m",
  messages: [{ role: "user", content: "Tell me about the sea, please." }],
});
const RESPONSE_BODY =
  'data: {"model":"m","choices":[{"delta":{"content":"The sea is deep and wide."}}]}\n\ndata: [DONE]\n\n';

function reading(request: Partial<ObservedRequest>, sent = true) {
  const observer = new RequestObserver({ ...CHAT, ...request }, () => 1);
  observer.requestBytes(Buffer.from(REQUEST_BODY));
  if (sent) observer.requestSent();
  observer.responseHead({
    status: 200,
    contentType: "text/event-stream",
    contentEncoding: undefined,
    hasBody: true,
    header: () => undefined,
  });
  observer.responseBytes(Buffer.from(RESPONSE_BODY));
  return observer.finish({ kind: "complete" });
}

test("a stream without usage is estimated, and its counters stay unknown", () => {
  const found = reading({});
  assert.deepEqual([found.source, found.state, found.reason], ["estimate", "missing", "not_requested"]);
  assert.equal(found.usage, undefined);
  assert.ok(found.estimatedInputTokens !== undefined && Math.abs(found.estimatedInputTokens - 8) <= 2);
  assert.ok(found.estimatedOutputTokens !== undefined && Math.abs(found.estimatedOutputTokens - 7) <= 2);
});

test("a request that was not sent completely is not estimated", () => {
  assert.equal(reading({}, false).estimatedInputTokens, undefined);
});

test("nothing is estimated if the setting is off", () => {
  const found = reading({ estimate: false });
  assert.deepEqual(
    [found.source, found.estimatedInputTokens, found.estimatedOutputTokens],
    ["none", undefined, undefined],
  );
});
