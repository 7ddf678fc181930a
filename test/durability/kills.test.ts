import assert from "node:assert/strict";
import { test } from "node:test";

import { killLoop } from "./kill-loop.ts";

// A few kills at a moderate rate. `npm run crash` repeats this with more kills and 2,000 requests per second.

test("R62: kill -9 under load loses only the last records, and every request of some age has one", async () => {
  const { kills, surplus, unexplained } = await killLoop({
    kills: 2,
    perSecond: 200,
    durability: "relaxed",
    // The guarantee is 100 ms, but a busy machine may delay the gateway by more.
    minAgeMs: 600,
  });
  assert.deepEqual([surplus, unexplained], [0, 0]);
  for (const { finished, running, unknown } of kills) {
    assert.ok(finished > 0 && running > 0);
    assert.equal(unknown, 0);
  }
});

test("R62: with durability written, kill -9 under load loses no finished request", async () => {
  const { kills, surplus, unexplained } = await killLoop({ kills: 2, perSecond: 200, durability: "written" });
  assert.deepEqual([surplus, unexplained], [0, 0]);
  for (const { finished, missing } of kills) {
    assert.ok(finished > 0);
    assert.equal(missing, 0);
  }
});
