// Three seconds of what `npm run fuzz:usage` does for as long as it is told to, the same each time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz } from "../corpus/fuzz.ts";

const ROUNDS = 12_000;
const MIB = 1024 * 1024;

test("R72: answers and messages damaged at random throw nothing, hold nothing and leave sound records", async () => {
  let rounds = 0;
  const before = process.memoryUsage().arrayBuffers;
  const { faults, states } = await fuzz({ seed: 1, goesOn: () => rounds++ < ROUNDS });
  assert.deepEqual(faults, []);
  // Damage must have done something, and spared something.
  for (const state of ["final", "partial", "aborted", "missing", "not_applicable", "session"]) {
    assert.ok((states.get(state) ?? 0) > 100, `${state}: ${states.get(state)} of ${ROUNDS}`);
  }
  const grown = process.memoryUsage().arrayBuffers - before;
  assert.ok(grown < 64 * MIB, `${grown} bytes`);
});
