import assert from "node:assert/strict";
import { test } from "node:test";
import { outputTotals } from "./openai-chat.ts";

/** The gap rule: the usage, whether the provider excludes reasoning from the completion, and the totals. */
const CASES: readonly (readonly [title: string, usage: object, exclusive: boolean, expected: object])[] = [
  [
    "no gap: the completion includes reasoning",
    { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30, completion_tokens_details: { reasoning_tokens: 5 } },
    true,
    { totalOutputTokens: 20, totalTokens: 30, reasoningTokens: 5 },
  ],
  [
    "no total: the completion includes reasoning",
    { prompt_tokens: 10, completion_tokens: 20, completion_tokens_details: { reasoning_tokens: 5 } },
    false,
    { totalOutputTokens: 20, totalTokens: 30, reasoningTokens: 5 },
  ],
  [
    "no total from an exclusive provider: the completion excludes reasoning",
    { prompt_tokens: 10, completion_tokens: 20, completion_tokens_details: { reasoning_tokens: 5 } },
    true,
    { totalOutputTokens: 25, totalTokens: 35, reasoningTokens: 5 },
  ],
  [
    "a gap as large as the reasoning: the completion excludes it",
    { prompt_tokens: 10, completion_tokens: 20, total_tokens: 35, reasoning_tokens: 5 },
    false,
    { totalOutputTokens: 25, totalTokens: 35, reasoningTokens: 5 },
  ],
  [
    "a gap without known reasoning, exclusive provider: the gap is reasoning",
    { prompt_tokens: 10, completion_tokens: 20, total_tokens: 37 },
    true,
    { totalOutputTokens: 27, totalTokens: 37, reasoningTokens: 7 },
  ],
  [
    "a gap without known reasoning, any other provider: the gap is unattributed",
    { prompt_tokens: 10, completion_tokens: 20, total_tokens: 37 },
    false,
    { totalOutputTokens: 20, totalTokens: 37, unattributedTokens: 7 },
  ],
  [
    "a gap larger than the reasoning: the rest is unattributed",
    { prompt_tokens: 10, completion_tokens: 20, total_tokens: 37, completion_tokens_details: { reasoning_tokens: 5 } },
    false,
    { totalOutputTokens: 25, totalTokens: 37, reasoningTokens: 5, unattributedTokens: 2 },
  ],
  [
    "a gap smaller than the reasoning: the completion includes it, the gap is unattributed",
    { prompt_tokens: 10, completion_tokens: 20, total_tokens: 33, completion_tokens_details: { reasoning_tokens: 15 } },
    false,
    { totalOutputTokens: 20, totalTokens: 33, reasoningTokens: 15, unattributedTokens: 3 },
  ],
  [
    "a negative gap: the parts are trusted",
    { prompt_tokens: 10, completion_tokens: 20, total_tokens: 12 },
    true,
    { totalOutputTokens: 20, totalTokens: 30 },
  ],
  [
    "reasoning of zero leaves a gap unattributed",
    { prompt_tokens: 10, completion_tokens: 20, total_tokens: 33, completion_tokens_details: { reasoning_tokens: 0 } },
    true,
    { totalOutputTokens: 20, totalTokens: 33, reasoningTokens: 0, unattributedTokens: 3 },
  ],
  [
    "a missing part leaves the total as stated",
    { completion_tokens: 20, total_tokens: 30 },
    true,
    { totalOutputTokens: 20, totalTokens: 30 },
  ],
];

for (const [title, usage, exclusive, expected] of CASES) {
  test(title, () => {
    const totals = outputTotals({ ...usage }, exclusive);
    assert.deepEqual(JSON.parse(JSON.stringify(totals)), expected);
  });
}
