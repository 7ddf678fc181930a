import assert from "node:assert/strict";
import { test } from "node:test";
import type { UsageState } from "../../core/usage/usage.ts";
import { estimated } from "./estimate.ts";
import { RequestObserver, type ObservedRequest } from "../observe/observer.ts";
import type { ReadingState } from "../observe/reading-state.ts";

const SEEN = { input: () => 12, output: () => 34 };

function verdict(state: UsageState, words: Partial<ReadingState> = {}): ReadingState {
  return { state, reason: undefined, source: "none", ...words };
}

test("a call that ended without usage has estimates, and they are its source", () => {
  for (const state of ["missing", "aborted"] as const) {
    const found = estimated(verdict(state), undefined, SEEN);
    assert.deepEqual(found, { source: "estimate", estimatedInputTokens: 12, estimatedOutputTokens: 34 });
  }
});

test("a counter that the provider gave is never estimated, and stays the source", () => {
  const found = estimated(verdict("partial", { source: "stream" }), { inputTokens: 7 }, SEEN);
  assert.deepEqual(found, { source: "stream", estimatedInputTokens: undefined, estimatedOutputTokens: 34 });
});

test("calls that are counted, repeat another's usage, use nothing or are still to be counted have no estimates", () => {
  const stated = [
    verdict("final", { source: "body" }),
    verdict("replay"),
    verdict("not_applicable"),
    verdict("missing", { reason: "pending" }),
  ];
  for (const found of stated) assert.deepEqual(estimated(found, undefined, SEEN), { source: found.source });
});

test("nothing measured is nothing estimated", () => {
  const found = estimated(verdict("missing"), undefined, { input: () => undefined, output: () => undefined });
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
const ASKED = JSON.stringify({
  model: "m",
  messages: [{ role: "user", content: "TurnListener me about the sea, please." }],
});
const ANSWERED =
  'data: {"model":"m","choices":[{"delta":{"content":"The sea is deep and wide."}}]}\n\ndata: [DONE]\n\n';

function reading(request: Partial<ObservedRequest>, sent = true) {
  const observer = new RequestObserver({ ...CHAT, ...request }, () => 1);
  observer.requestBytes(Buffer.from(ASKED));
  if (sent) observer.requestSent();
  observer.responseHead({
    status: 200,
    contentType: "text/event-stream",
    contentEncoding: undefined,
    hasBody: true,
    header: () => undefined,
  });
  observer.responseBytes(Buffer.from(ANSWERED));
  return observer.finish({ kind: "complete" });
}

test("a stream without usage is estimated beside its counters, which stay unknown", () => {
  const found = reading({});
  assert.deepEqual([found.source, found.state, found.reason], ["estimate", "missing", "not_requested"]);
  assert.equal(found.usage, undefined);
  assert.ok(found.estimatedInputTokens !== undefined && Math.abs(found.estimatedInputTokens - 8) <= 2);
  assert.ok(found.estimatedOutputTokens !== undefined && Math.abs(found.estimatedOutputTokens - 7) <= 2);
});

test("a request that did not get through whole is not estimated", () => {
  assert.equal(reading({}, false).estimatedInputTokens, undefined);
});

test("without the setting nothing is estimated", () => {
  const found = reading({ estimate: false });
  assert.deepEqual(
    [found.source, found.estimatedInputTokens, found.estimatedOutputTokens],
    ["none", undefined, undefined],
  );
});
