import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_OVERRIDES, type PriceOverrides } from "../core/price-overrides.ts";
import { tableProviderOf } from "./table-provider.ts";
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

test("a provider with another name is identified by its host", () => {
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
  for (const [host, tableProvider] of hosts) assert.equal(tableProviderOf({ name: "mine", host }), tableProvider, host);
  assert.equal(tableProviderOf({ name: "bedrock", host: "localhost" }), "aws");
});

test("contradicting counters have no cost, and the reason is reported", () => {
  const cost = prices.costOf({ provider: "openai", model: "gpt-4o", at: AT, input: 10, output: 1, cacheRead: 11 });
  assert.deepEqual(cost, { usd: null, source: "none", why: "contradiction" });
});

test("a request without a model has no cost", () => {
  assert.deepEqual(prices.costOf({ provider: "openai", at: AT, input: 1 }), {
    usd: null,
    source: "none",
    why: "no_model",
  });
});

test("a price that depends on the hour is that of the request's hour, in any order of requests", () => {
  const request = { provider: "deepseek", model: "deepseek-reasoner", input: 1_000_000, output: 1_000_000 };
  const hours = Array.from({ length: 24 }, (_, hour) => Date.UTC(2025, 6, 1, hour, 45));
  const forward = hours.map((at) => prices.costOf({ ...request, at }).usd);
  const backward = hours.toReversed().map((at) => prices.costOf({ ...request, at }).usd);
  assert.deepEqual(backward.toReversed(), forward);
  assert.ok(new Set(forward).size > 1, "the table has cheaper hours for this model");
});

test("a compound system is billed by the models behind it, not by its own sums", () => {
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

test("a further item without a price makes the cost of the whole request unknown", () => {
  const items = [{ model: "gpt-unheard-of", input: 1, output: 1 }];
  const cost = prices.costOf({ provider: "openai", model: "gpt-4o", at: AT, input: 10, output: 1, items });
  assert.deepEqual(cost, { usd: null, source: "none", why: "no_price" });
});

test("a batch of many requests is not billed at the price of one large request", () => {
  const large = { provider: "anthropic", model: "claude-sonnet-4-5", at: AT, input: 1_000_000, output: 0 };
  const own = openPrices({ overrides: NO_OVERRIDES, providers: [{ name: "anthropic", host: "127.0.0.1" }] });
  assert.equal(own.costOf(large).usd, 6);
  assert.equal(own.costOf({ ...large, batch: true, many: true }).usd, 3);
});

test("a cost is rounded to remove the error of binary fractions", () => {
  const { usd } = prices.costOf({ provider: "openai", model: "gpt-4o", at: AT, input: 3, output: 7 });
  assert.equal(String(usd), "0.0000775");
});

test("many model names do not fill the cache without limit", () => {
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
