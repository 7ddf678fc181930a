// A short run of the fuzzer with fixed seeds, the cases that longer runs found, and a check that it notices errors. `npm run
// fuzz` runs longer.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { seededRandom } from "../harness/seeded-random.ts";
import { chunkCodec, requestCodec, responseCodec } from "./fuzz/codec.ts";
import { PAST_FINDINGS } from "./fuzz/findings.ts";
import { fuzz, Outcomes, type Rounds } from "./fuzz/fuzz.ts";
import { startGatewayFuzz, type GatewayFuzz } from "./fuzz/gateway.ts";
import { minimize } from "./fuzz/minimize.ts";
import type { Target, TargetName } from "./fuzz/target.ts";

const LANES = 16;

function rounds(first: number, count: number): Rounds {
  let seed = first;
  return { next: () => seed++, continues: () => seed < first + count };
}

describe("the codec alone", () => {
  for (const target of [requestCodec, responseCodec, chunkCodec]) {
    test(`S39: no damage to ${target.name} makes LMGate read what llhttp does not`, async () => {
      const outcomes = new Outcomes();
      await fuzz(target, rounds(39_000, 2_000), outcomes);
      assert.deepEqual(outcomes.findings, []);
      assert.equal(outcomes.total, 2_000);
      assert.ok(outcomes.outcomes.size >= 10, `only ${[...outcomes.outcomes].join("; ")}`);
    });
  }
});

describe("a running gateway", () => {
  let fixture: GatewayFuzz;
  before(async () => {
    fixture = await startGatewayFuzz(LANES);
  });

  test("S39: no damage to requests and responses makes one side read what the other did not send", async () => {
    const outcomes = new Outcomes();
    const all = rounds(39_000, 1_200);
    await Promise.all(fixture.lanes.map((lane) => fuzz(lane, all, outcomes)));
    assert.deepEqual(outcomes.findings, []);
    assert.ok(outcomes.outcomes.size >= 15, `only ${[...outcomes.outcomes].join("; ")}`);
  });

  for (const [at, { target, bytes, what }] of PAST_FINDINGS.entries()) {
    test(`S39: found once: ${what}`, async () => {
      await targetOf(target).check(bytes, seededRandom(at));
    });
  }

  after(() => fixture.close());

  function targetOf(name: TargetName): Target {
    const found = [requestCodec, responseCodec, chunkCodec, ...fixture.lanes].find((target) => target.name === name);
    assert.ok(found);
    return found;
  }
});

test("a target that reads wrongly is found, and its bytes are minimized", async () => {
  const wrong: Target = {
    name: "requests",
    seeds: requestCodec.seeds,
    check: (text) => (/chunked[^\r]/.test(text) ? Promise.reject(new Error("wrong")) : Promise.resolve("right")),
  };
  const outcomes = new Outcomes();
  await fuzz(wrong, rounds(1, 300), outcomes);
  assert.ok(outcomes.findings.length > 0);
  for (const { bytes, message } of outcomes.findings) {
    assert.match(bytes, /^chunked[^\r]$/);
    assert.equal(message, "wrong");
  }
});

test("a minimized case still fails, and cannot be shortened by one character", async () => {
  const fails = (text: string): Promise<boolean> => Promise.resolve(/a.*b.*c/.test(text));
  assert.equal(await minimize("xxaxxxbxxxxxxxcxx", fails, 1_000), "abc");
});
