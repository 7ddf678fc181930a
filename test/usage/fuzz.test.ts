// Runs the first rounds of `npm run fuzz:usage`, the same ones each time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { fuzz, type FuzzResult } from "../corpus/fuzz.ts";
import { heldBytes } from "../harness/little-held.ts";
import { rounds } from "../harness/sampling.ts";

const ROUNDS = rounds(12_000, 4_000);
const WARM_UP_ROUNDS = 1_000;

test("R72: damaged responses and messages cause no exception, keep no memory and leave valid records", async () => {
  // The first rounds compile the code and fill its caches.
  await fuzzed(WARM_UP_ROUNDS);
  const before = heldBytes();
  const { bytes, failures, states } = await fuzzed(ROUNDS);
  assert.deepEqual(failures, []);
  // Some rounds must have been affected by the damage and others not.
  for (const state of ["final", "partial", "aborted", "missing", "not_applicable", "session"]) {
    assert.ok((states.get(state) ?? 0) > ROUNDS / 120, `${state}: ${states.get(state)} of ${ROUNDS}`);
  }
  const grown = heldBytes() - before;
  assert.ok(grown < bytes / 8, `${grown} bytes held of ${bytes}`);
});

async function fuzzed(count: number): Promise<FuzzResult> {
  let round = 0;
  const result = await fuzz({ seed: 1, continues: () => round++ < count });
  await setImmediate(); // Decoders free their memory in a later turn of the event loop.
  return result;
}
