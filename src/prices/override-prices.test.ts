import assert from "node:assert/strict";
import { test } from "node:test";
import { assertGrowsWithSize } from "../../test/harness/cpu-work.ts";
import type { BillableRequest } from "../core/request/billing.ts";
import type { Multipliers, PriceOverrides } from "../core/price-overrides.ts";
import { factorFor, findOverride, matchesGlob } from "./override-prices.ts";

test("a pattern matches whole names: a star any text, a question mark one character", () => {
  const matching = [
    ["gpt-*", "gpt-4o"],
    ["*", ""],
    ["*-mini*", "gpt-4o-mini-2024"],
    ["gpt-?o", "gpt-4o"],
    ["a*b*c", "aXbbYc"],
    ["gpt", "gpt"],
  ] as const;
  const notMatching = [
    ["gpt-*", "my-gpt-4o"],
    ["gpt-?o", "gpt-o"],
    ["a*b*c", "aXbbY"],
    ["gpt", "gpt-4"],
    ["?", ""],
  ] as const;
  for (const [pattern, name] of matching) assert.equal(matchesGlob(pattern, name), true, `${pattern} ${name}`);
  for (const [pattern, name] of notMatching) assert.equal(matchesGlob(pattern, name), false, `${pattern} ${name}`);
});

test("the work of matching a pattern of many stars grows no faster than the name", async () => {
  const pattern = `${"*a".repeat(100)}b`;
  await assertGrowsWithSize(400_000, (size) => assert.equal(matchesGlob(pattern, "a".repeat(size)), false));
});

function scope(...models: readonly string[]): PriceOverrides["models"] {
  return models.map((model) => ({ model, prices: { input: 1 }, multipliers: {} }));
}

test("the provider's entries come first, then an exact name before patterns, then the more specific pattern", () => {
  const overrides: PriceOverrides = {
    models: scope("*", "gpt-*", "gpt-4*", "gpt-4o"),
    multipliers: {},
    providers: new Map([["azure", { models: scope("gpt-*"), multipliers: {} }]]),
  };
  const found = (provider: string, model: string): string | undefined =>
    findOverride(overrides, provider, model)?.model;
  assert.equal(found("openai", "gpt-4o"), "gpt-4o");
  assert.equal(found("openai", "GPT-4O"), "gpt-4o");
  assert.equal(found("openai", "gpt-4.1"), "gpt-4*");
  assert.equal(found("openai", "gpt-5"), "gpt-*");
  assert.equal(found("openai", "o3"), "*");
  assert.equal(found("azure", "gpt-4o"), "gpt-*");
  assert.equal(found("azure", "o3"), "*");
});

const REQUEST: BillableRequest = {
  provider: "p",
  at: 0,
  serviceTier: "flex",
  speed: "fast",
  region: "eu",
  batch: true,
};

test("different multipliers are multiplied, and the closest scope wins for the same multiplier", () => {
  const model: Multipliers = { service_tier: { flex: 0.5 } };
  const provider: Multipliers = { service_tier: { flex: 9, priority: 9 }, batch: 0.5, region: { eu: 1.1 } };
  const all: Multipliers = { always: 0.9, speed: { fast: 6 }, batch: 9 };
  assert.ok(Math.abs(factorFor(REQUEST, [model, provider, all]) - 0.5 * 0.5 * 1.1 * 0.9 * 6) < 1e-12);
});

test("a value without a factor has none, even if its name is a member of every object", () => {
  assert.equal(factorFor(REQUEST, []), 1);
  assert.equal(factorFor({ ...REQUEST, serviceTier: "constructor" }, [{ service_tier: { flex: 2 } }]), 1);
  assert.equal(factorFor({ provider: "p", at: 0 }, [{ batch: 0.5, region: { eu: 2 } }]), 1);
});
