// Runs the first rounds of `npm run fuzz:usage`, the same ones each time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz } from "../corpus/fuzz.ts";
import { rounds } from "../harness/sampling.ts";

const ROUNDS = rounds(12_000, 4_000);
const MIB = 1024 * 1024;

test("R72: damaged responses and messages cause no exception, keep no memory and leave valid records", async () => {
  let round = 0;
  const before = process.memoryUsage().arrayBuffers;
  const { failures, states } = await fuzz({ seed: 1, continues: () => round++ < ROUNDS });
  assert.deepEqual(failures, []);
  // Some rounds must have been affected by the damage and others not.
  for (const state of ["final", "partial", "aborted", "missing", "not_applicable", "session"]) {
    assert.ok((states.get(state) ?? 0) > ROUNDS / 120, `${state}: ${states.get(state)} of ${ROUNDS}`);
  }
  const grown = process.memoryUsage().arrayBuffers - before;
  assert.ok(grown < 64 * MIB, `${grown} bytes`);
});
