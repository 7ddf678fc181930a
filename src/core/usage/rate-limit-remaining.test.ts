import assert from "node:assert/strict";
import { test } from "node:test";
import { rateLimitRemainingIn } from "./rate-limit-remaining.ts";

const field = (name: string, value: string): { name: string; value: string } => ({ name, value });

test("what is left of a provider's limits is read from its own names for it", () => {
  const openai = [field("x-ratelimit-remaining-requests", "59"), field("x-ratelimit-remaining-tokens", "149984")];
  assert.deepEqual(rateLimitRemainingIn(openai), { requests: 59, tokens: 149_984 });
  const anthropic = [
    field("anthropic-ratelimit-requests-remaining", "999"),
    field("anthropic-ratelimit-input-tokens-remaining", "40000"),
    field("anthropic-ratelimit-output-tokens-remaining", "0"),
  ];
  assert.deepEqual(rateLimitRemainingIn(anthropic), { requests: 999, input_tokens: 40_000, output_tokens: 0 });
});

test("what is no count says nothing", () => {
  const fields = ["", "-1", "many", "1e9", "9".repeat(40)].map((value) =>
    field("x-ratelimit-remaining-requests", value),
  );
  for (const each of fields) assert.deepEqual(rateLimitRemainingIn([each]), {});
  assert.deepEqual(rateLimitRemainingIn([field("x-ratelimit-limit-requests", "60")]), {});
});
