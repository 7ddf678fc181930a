// A sample of the corpus through a real gateway. `npm run accuracy` plays all of it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { loadCorpus } from "./corpus/load.ts";
import { performancesOf, run } from "./corpus/runner.ts";
import { seededRandom } from "./seeded-random.ts";

const SEED = 3;
const files = loadCorpus();

test("every exchange of the corpus leaves the record its file says, however its answer comes", async () => {
  const random = seededRandom(SEED);
  const performances = files.flatMap((file, index) => {
    const all = performancesOf(file, { cuts: 4, leaves: 8, bytewise: 600 }, SEED + index);
    // Each exchange whole, and in four other ways.
    return all.filter((_, place) => place === 0 || random() < 4 / all.length);
  });
  const results = await run(performances);
  const failed = results.filter(({ faults }) => faults.length > 0);
  assert.deepEqual(
    failed.map(({ what, faults }) => `${what}: ${faults.join("; ")}`),
    [],
  );
});
