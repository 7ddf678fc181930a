// `npm run timing` measures how long a rejection takes. This test checks that every kind of wrong key costs the same work, and
// that the statistics would notice a difference.
import assert from "node:assert/strict";
import { test } from "node:test";

import type { ApiKey, Client } from "../../src/core/request/client.ts";
import { authorize } from "../../src/proxy/admission/authorize.ts";
import { credentialsOf } from "../../src/proxy/admission/credentials.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { REJECTED_KEYS, measureRejections, DISTINGUISHABLE_T, welch } from "./timing.ts";

test("S29: each kind of wrong key is looked up once, as a whole", () => {
  for (const [kind, lines] of Object.entries(REJECTED_KEYS)) {
    const line = lines(7).trimEnd();
    const key = line.slice("Authorization: Bearer ".length);
    const lookups: string[] = [];
    const identify = (one: ApiKey): Client | undefined => {
      lookups.push(one.reveal());
      return undefined;
    };
    const fixture = { name: "authorization", value: `Bearer ${key}`, start: 0, end: line.length + 2 };
    const decision = authorize(credentialsOf([fixture], "/openai/v1/models"), identify, 2);
    assert.equal(decision.ok, false);
    assert.deepEqual(lookups, [key], kind);
  }
});

test("S29: a running gateway rejects every kind of wrong key with the same response", async () => {
  const timings = await measureRejections(400, 29);
  assert.deepEqual(
    timings.map(({ kind }) => kind),
    Object.keys(REJECTED_KEYS),
  );
  assert.ok(timings.every(({ samples }) => samples > 20));
});

test("the statistics tell classes apart that differ by a twentieth of their spread, and no equal ones", () => {
  const random = seededRandom(1);
  const class_ = (shift: number): readonly number[] => Array.from({ length: 50_000 }, () => random() * 20 + shift);
  const first = class_(0);
  assert.ok(Math.abs(welch(class_(0), first)) < DISTINGUISHABLE_T);
  assert.ok(Math.abs(welch(class_(1), first)) > DISTINGUISHABLE_T);
});
