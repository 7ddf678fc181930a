import assert from "node:assert/strict";
import { test } from "node:test";
import type { BilledAmounts } from "../core/request/billing.ts";
import { chargeFor, type ModelPrices } from "./model-prices.ts";

/** Whole dollars per token, so that each part shows in the sum. */
const PRICES: ModelPrices = {
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

const CASES: readonly (readonly [name: string, amounts: BilledAmounts, tokensUsd: number])[] = [
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

for (const [name, amounts, tokensUsd] of CASES) {
  test(`${name}: each part is billed once at its own price`, () => {
    assert.deepEqual(chargeFor(PRICES, amounts), { tokensUsd, unitsUsd: 5 });
  });
}

test("above a step the whole request has the higher price, including output", () => {
  const prices: ModelPrices = {
    input: { base: 1, steps: [{ above: 100, price: 2 }] },
    output: { base: 10, steps: [{ above: 100, price: 20 }] },
  };
  assert.deepEqual(chargeFor(prices, { input: 100, output: 1 }), { tokensUsd: 110, unitsUsd: 0 });
  assert.deepEqual(chargeFor(prices, { input: 101, output: 1 }), { tokensUsd: 222, unitsUsd: 0 });
});

test("parts that exceed their total have no cost", () => {
  assert.equal(chargeFor(PRICES, { input: 10, output: 0, cacheRead: 8, cacheWrite: 4 }), "contradiction");
  assert.equal(chargeFor(PRICES, { input: 0, output: 3, audioOut: 4 }), "contradiction");
  assert.equal(chargeFor(PRICES, { input: 10, output: 0, audioIn: 11 }), "contradiction");
});

test("tokens without a price make the cost unknown", () => {
  assert.equal(chargeFor({ input: 1 }, { input: 1, output: 1 }), "no_price");
  assert.equal(chargeFor({ output: 1 }, { input: 1, output: 1 }), "no_price");
  assert.deepEqual(chargeFor({ input: 1 }, { input: 1, output: 0 }), { tokensUsd: 1, unitsUsd: 0 });
});

test("a request without any priced amount has no cost", () => {
  assert.equal(chargeFor({ input: 1, output: 1 }, { images: 2 }), "not_counted");
  assert.equal(chargeFor({ audioSecond: 1 }, { pages: 2 }), "not_counted");
});

test("recordings are billed by length, with a minimum", () => {
  const prices: ModelPrices = { audioSecond: 2, minAudioSeconds: 10 };
  assert.deepEqual(chargeFor(prices, { audioSeconds: 12.5 }), { tokensUsd: 0, unitsUsd: 25 });
  assert.deepEqual(chargeFor(prices, { audioSeconds: 3 }), { tokensUsd: 0, unitsUsd: 20 });
});

test("pages, images and searches are billed per unit", () => {
  const prices: ModelPrices = { page: 1, image: 10, webSearch: 100, fileSearch: 1000, input: 1 };
  const amounts = { pages: 2, images: 3, webSearches: 4, fileSearches: 5, input: 0 };
  assert.deepEqual(chargeFor(prices, amounts), { tokensUsd: 0, unitsUsd: 5432 });
});
