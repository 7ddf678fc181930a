import assert from "node:assert/strict";
import { test } from "node:test";

import { killLoop } from "./kill-loop.ts";

// A handful of kills at a modest rate: `npm run crash` does it fifty times at 2,000 calls a second.

test("R62: kill -9 under load loses the records of a moment, and every call of some age is known", async () => {
  const { kills, surplus, unexplained } = await killLoop({
    kills: 2,
    perSecond: 200,
    durability: "relaxed",
    // The promise is a tenth of a second; how much later that is on a machine as busy as this nobody knows.
    oldMs: 600,
  });
  assert.deepEqual([surplus, unexplained], [0, 0]);
  for (const { finished, running, unknown } of kills) {
    assert.ok(finished > 0 && running > 0);
    assert.equal(unknown, 0);
  }
});

test("R62: kill -9 under load loses no finished call with durability written", async () => {
  const { kills, surplus, unexplained } = await killLoop({ kills: 2, perSecond: 200, durability: "written" });
  assert.deepEqual([surplus, unexplained], [0, 0]);
  for (const { finished, missing } of kills) {
    assert.ok(finished > 0);
    assert.equal(missing, 0);
  }
});
