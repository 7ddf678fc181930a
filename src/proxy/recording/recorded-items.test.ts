import assert from "node:assert/strict";
import { test } from "node:test";
import { recordedItems } from "./recorded-items.ts";

test("an item names its amounts as the record does", () => {
  const items = recordedItems([
    {
      kind: "advisor_message",
      model: "m",
      inputTokens: 3,
      totalInputTokens: 5,
      outputTokens: undefined,
      cacheWriteByTtl: { "5m": 2 },
      raw: { input_tokens: 3 },
    },
  ]);
  assert.deepEqual(items, [
    {
      kind: "advisor_message",
      model: "m",
      input_tokens: 3,
      total_input_tokens: 5,
      cache_write_by_ttl: { "5m": 2 },
      usage_raw: { input_tokens: 3 },
    },
  ]);
});

test("no items are recorded as undefined", () => {
  assert.equal(recordedItems(undefined), undefined);
});
