import assert from "node:assert/strict";
import { test } from "node:test";
import type { BilledAmounts } from "../core/request/billing.ts";
import { chargeOf, type RateCard } from "./rate-card.ts";

/** Whole dollars a token, so that sums can be seen. */
const CARD: RateCard = {
  input: 10,
  cacheRead: 1,
  cacheWrite: 12,
  cacheWrite1h: 20,
  audioIn: 100,
  cachedAudio: 50,
  output: 30,
  audioOut: 200,
  request: 5,
};

const CASES: readonly (readonly [what: string, amounts: BilledAmounts, tokensUsd: number])[] = [
  ["input and output", { input: 10, output: 2 }, 10 * 10 + 2 * 30],
  ["cached tokens", { input: 10, output: 0, cacheRead: 4 }, 6 * 10 + 4],
  ["cache writes of both kinds", { input: 10, output: 0, cacheWrite: 4, cacheWrite1h: 1 }, 6 * 10 + 3 * 12 + 20],
  ["one-hour writes without a sum of writes", { input: 10, output: 0, cacheWrite1h: 1 }, 9 * 10 + 20],
  ["audio on both sides", { input: 10, output: 5, audioIn: 3, audioOut: 4 }, 7 * 10 + 3 * 100 + 30 + 4 * 200],
  ["cached audio", { input: 10, output: 0, cacheRead: 4, audioIn: 3, cachedAudio: 2 }, 5 * 10 + 2 + 100 + 2 * 50],
  [
    "cached tokens of an unknown kind, which text can hold",
    { input: 10, output: 0, cacheRead: 4, audioIn: 3 },
    3 * 10 + 4 + 300,
  ],
  [
    "cached tokens of an unknown kind, more than text",
    { input: 10, output: 0, cacheRead: 8, audioIn: 3 },
    7 + 2 * 100 + 50,
  ],
  ["reasoning without a price of its own", { input: 0, output: 10, reasoning: 8 }, 300],
  ["no tokens at all", { input: 0, output: 0 }, 0],
];

for (const [what, amounts, tokensUsd] of CASES) {
  test(`${what}: each part costs its own price, once`, () => {
    assert.deepEqual(chargeOf(CARD, amounts), { tokensUsd, unitsUsd: 5 });
  });
}

test("above a threshold the whole call has the higher price, output too", () => {
  const card: RateCard = {
    input: { base: 1, steps: [{ above: 100, price: 2 }] },
    output: { base: 10, steps: [{ above: 100, price: 20 }] },
  };
  assert.deepEqual(chargeOf(card, { input: 100, output: 1 }), { tokensUsd: 110, unitsUsd: 0 });
  assert.deepEqual(chargeOf(card, { input: 101, output: 1 }), { tokensUsd: 222, unitsUsd: 0 });
});

test("parts that are more than their whole have no cost", () => {
  assert.equal(chargeOf(CARD, { input: 10, output: 0, cacheRead: 8, cacheWrite: 4 }), "contradiction");
  assert.equal(chargeOf(CARD, { input: 0, output: 3, audioOut: 4 }), "contradiction");
  assert.equal(chargeOf(CARD, { input: 10, output: 0, audioIn: 11 }), "contradiction");
});

test("tokens of a side that has no price have no cost", () => {
  assert.equal(chargeOf({ input: 1 }, { input: 1, output: 1 }), "no_price");
  assert.equal(chargeOf({ output: 1 }, { input: 1, output: 1 }), "no_price");
  assert.deepEqual(chargeOf({ input: 1 }, { input: 1, output: 0 }), { tokensUsd: 1, unitsUsd: 0 });
});

test("a call of which nothing priced was counted has no cost", () => {
  assert.equal(chargeOf({ input: 1, output: 1 }, { images: 2 }), "not_counted");
  assert.equal(chargeOf({ audioSecond: 1 }, { pages: 2 }), "not_counted");
});

test("recordings cost by their length, and short ones what the shortest does", () => {
  const card: RateCard = { audioSecond: 2, minAudioSeconds: 10 };
  assert.deepEqual(chargeOf(card, { audioSeconds: 12.5 }), { tokensUsd: 0, unitsUsd: 25 });
  assert.deepEqual(chargeOf(card, { audioSeconds: 3 }), { tokensUsd: 0, unitsUsd: 20 });
});

test("pages, images and searches are paid one by one", () => {
  const card: RateCard = { page: 1, image: 10, webSearch: 100, fileSearch: 1000, input: 1 };
  const amounts = { pages: 2, images: 3, webSearches: 4, fileSearches: 5, input: 0 };
  assert.deepEqual(chargeOf(card, amounts), { tokensUsd: 0, unitsUsd: 5432 });
});
