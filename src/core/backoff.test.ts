import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "./backoff.ts";

test("the delay doubles with each restart, up to the maximum", () => {
  const backoff = new Backoff(100, 1_000);
  const delays = Array.from({ length: 6 }, () => backoff.next(5));
  assert.deepEqual(delays, [100, 200, 400, 800, 1_000, 1_000]);
});

test("the delay starts again after a run of more than a minute", () => {
  const backoff = new Backoff(100, 1_000);
  assert.deepEqual(
    [backoff.next(0), backoff.next(60_000), backoff.next(60_001), backoff.next(0)],
    [100, 200, 100, 200],
  );
});
