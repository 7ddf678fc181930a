import assert from "node:assert/strict";
import { test } from "node:test";
import { clamped } from "./clamp.ts";

test("parts within their totals are unchanged", () => {
  const usage = {
    totalInputTokens: 10,
    cachedInputTokens: 6,
    cacheWriteTokens: 4,
    totalOutputTokens: 5,
    reasoningTokens: 5,
  };
  assert.deepEqual(clamped(usage), { usage, inconsistent: false });
});

test("parts larger than their totals are limited and flagged", () => {
  const usage = {
    totalInputTokens: 10,
    cachedInputTokens: 8,
    cacheWriteTokens: 4,
    totalOutputTokens: 5,
    reasoningTokens: 9,
  };
  assert.deepEqual(clamped(usage), {
    usage: { ...usage, cacheWriteTokens: 2, reasoningTokens: 5 },
    inconsistent: true,
  });
});

test("unknown totals limit nothing", () => {
  assert.equal(clamped({ cachedInputTokens: 8, reasoningTokens: 9 }).inconsistent, false);
});

test("a total below its parts is flagged", () => {
  assert.equal(clamped({ totalInputTokens: 10, totalOutputTokens: 5, totalTokens: 14 }).inconsistent, true);
});
