import assert from "node:assert/strict";
import { test } from "node:test";
import { Timestamps } from "./timestamps.ts";

test("a moment is told as the Date object tells it, also when the clock is set back", () => {
  const timestamps = new Timestamps();
  const start = Date.UTC(2026, 11, 31, 23, 59, 58, 990);
  for (const shift of [0, 9, 10, 11, 1_009, 1_010, 61_010, 5, -1, -86_400_000, 1_000]) {
    assert.equal(timestamps.of(start + shift), new Date(start + shift).toISOString());
  }
});
