import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_OVERRIDES, type PriceOverrides } from "../core/price-overrides.ts";
import { priceBookOf } from "./price-books.ts";
import { openPrices } from "./prices.ts";

const AT = Date.UTC(2026, 10, 23, 12);
const prices = openPrices({
  overrides: NO_OVERRIDES,
  providers: [
    { name: "openai", host: "127.0.0.1" },
    { name: "deepseek", host: "127.0.0.1" },
    { name: "groq", host: "127.0.0.1" },
  ],
});

test("a provider of one's own is known by where it is, any other name by nothing", () => {
  const hosts = [
    ["eu.api.openai.com", "openai"],
    ["my-resource.openai.azure.com", "azure"],
    ["europe-west1-aiplatform.googleapis.com", "google"],
    ["aiplatform.us.rep.googleapis.com", "google"],
    ["bedrock-runtime.eu-west-1.amazonaws.com", "aws"],
    ["api.eu.mistral.ai", "mistral"],
    ["api.together.xyz", "together"],
    ["api.openai.com.evil.example", undefined],
    ["localhost", undefined],
  ] as const;
  for (const [host, book] of hosts) assert.equal(priceBookOf({ name: "mine", host }), book, host);
  assert.equal(priceBookOf({ name: "bedrock", host: "localhost" }), "aws");
});

test("contradicting counters have no cost, and the reason is said", () => {
  const cost = prices.costOf({ provider: "openai", model: "gpt-4o", at: AT, input: 10, output: 1, cacheRead: 11 });
  assert.deepEqual(cost, { usd: null, source: "none", why: "contradiction" });
});

test("a call without a model has no cost", () => {
  assert.deepEqual(prices.costOf({ provider: "openai", at: AT, input: 1 }), {
    usd: null,
    source: "none",
    why: "no_model",
  });
});

test("a price that depends on the hour is the one of the call's hour, in whatever order calls come", () => {
  const facts = { provider: "deepseek", model: "deepseek-reasoner", input: 1_000_000, output: 1_000_000 };
  const hours = Array.from({ length: 24 }, (_, hour) => Date.UTC(2025, 6, 1, hour, 45));
  const forward = hours.map((at) => prices.costOf({ ...facts, at }).usd);
  const backward = hours.toReversed().map((at) => prices.costOf({ ...facts, at }).usd);
  assert.deepEqual(backward.toReversed(), forward);
  assert.ok(new Set(forward).size > 1, "the table has cheaper hours for this model");
});

test("the models behind a compound system are what is paid, not the system that sums them up", () => {
  const cost = prices.costOf({
    provider: "groq",
    model: "groq/compound",
    at: AT,
    input: 300,
    output: 30,
    items: [
      { within: true, model: "llama-3.3-70b-versatile", input: 100, output: 10 },
      { within: true, model: "llama-3.3-70b-versatile", input: 200, output: 20 },
    ],
  });
  const alone = prices.costOf({ provider: "groq", model: "llama-3.3-70b-versatile", at: AT, input: 300, output: 30 });
  assert.equal(cost.source, "table");
  assert.deepEqual(cost, alone);
});

test("one further item without a price leaves the whole call without one", () => {
  const items = [{ model: "gpt-unheard-of", input: 1, output: 1 }];
  const cost = prices.costOf({ provider: "openai", model: "gpt-4o", at: AT, input: 10, output: 1, items });
  assert.deepEqual(cost, { usd: null, source: "none", why: "no_price" });
});

test("a batch of many calls does not have the price of one large call", () => {
  const large = { provider: "anthropic", model: "claude-sonnet-4-5", at: AT, input: 1_000_000, output: 0 };
  const own = openPrices({ overrides: NO_OVERRIDES, providers: [{ name: "anthropic", host: "127.0.0.1" }] });
  assert.equal(own.costOf(large).usd, 6);
  assert.equal(own.costOf({ ...large, batch: true, many: true }).usd, 3);
});

test("a cost is a number that people can read, without what binary fractions add", () => {
  const { usd } = prices.costOf({ provider: "openai", model: "gpt-4o", at: AT, input: 3, output: 7 });
  assert.equal(String(usd), "0.0000775");
});

test("a flood of model names is forgotten again", () => {
  const overrides: PriceOverrides = {
    ...NO_OVERRIDES,
    models: [{ model: "*", prices: { input: 1 }, multipliers: {} }],
  };
  const own = openPrices({ overrides, providers: [] });
  for (let at = 0; at < 10_000; at++) {
    assert.equal(own.costOf({ provider: "p", model: `m-${at}`, at: AT, input: 1_000_000 }).usd, 1);
  }
  assert.equal(own.costOf({ provider: "p", model: "m-0", at: AT, input: 1_000_000 }).usd, 1);
});
