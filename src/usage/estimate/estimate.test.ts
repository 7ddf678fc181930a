import assert from "node:assert/strict";
import { test } from "node:test";
import type { UsageReading, UsageState } from "../../core/usage/usage.ts";
import { estimated } from "./estimate.ts";

const TEXT = { input: () => 12, output: () => 34 };

type State = Pick<UsageReading, "source" | "state" | "reason">;

function stateOf(state: UsageState, rest: Partial<State> = {}): State {
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
