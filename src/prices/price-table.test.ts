import assert from "node:assert/strict";
import { test } from "node:test";
import { calcPrice, waitForUpdate } from "@pydantic/genai-prices";
import type { BilledAmounts } from "../core/request/billing.ts";
import { TABLE_PROVIDERS } from "./table-provider.ts";
import { PriceTable } from "./price-table.ts";
import { chargeFor } from "./model-prices.ts";
import { isSameModel, pricesAt } from "./table-row.ts";

const ours = new PriceTable();
const NOON = Date.UTC(2026, 10, 23, 12, 0, 0);
const table = await waitForUpdate();
assert.ok(table, "the table is part of the package");
const everyModel = table
  .filter(({ id }) => TABLE_PROVIDERS.includes(id))
  .flatMap((provider) => provider.models.map((model) => ({ provider: provider.id, model })));

/** Typical amounts: small and above every threshold, without parts and with every part. */
const REQUESTS: readonly BilledAmounts[] = [
  { input: 0, output: 0 },
  { input: 1234, output: 567 },
  { input: 5000, output: 100, cacheRead: 4000 },
  { input: 5000, output: 100, cacheRead: 1000, cacheWrite: 3000, cacheWrite1h: 500 },
  { input: 900_000, output: 60_000, cacheRead: 800_000, cacheWrite: 50_000 },
  { input: 5000, output: 900, audioIn: 3000, audioOut: 700, cacheRead: 1000, cachedAudio: 400, cachedImage: 0 },
  { input: 5000, output: 900, imageIn: 3000, imageOut: 700, cacheRead: 2000, cachedImage: 1500, cachedAudio: 0 },
  { input: 100, output: 5000, reasoning: 4500 },
  { input: 100, output: 50, webSearches: 3, fileSearches: 2 },
  { audioSeconds: 4 },
  { audioSeconds: 125.5 },
  { pages: 12 },
];

const NAMES: Readonly<Record<keyof BilledAmounts, readonly string[]>> = {
  input: ["input_tokens"],
  output: ["output_tokens"],
  cacheRead: ["cache_read_tokens"],
  cacheWrite: ["cache_write_tokens"],
  cacheWrite1h: ["cache_write_1h_tokens"],
  audioIn: ["input_audio_tokens"],
  imageIn: ["input_image_tokens"],
  videoIn: ["input_video_tokens"],
  cachedAudio: ["cache_audio_read_tokens"],
  cachedImage: ["cache_image_read_tokens"],
  audioOut: ["output_audio_tokens"],
  imageOut: ["output_image_tokens"],
  videoOut: ["output_video_tokens"],
  reasoning: ["output_reasoning_tokens"],
  audioSeconds: ["audio_seconds", "input_audio_seconds"],
  pages: ["input_document_pages"],
  images: [],
  webSearches: ["web_searches"],
  fileSearches: ["storage_searches"],
};

/** The cost of the same amounts by the package's own arithmetic. */
function packageCost(provider: string, id: string, amounts: BilledAmounts): number | undefined {
  const usage: Record<string, number> = {};
  for (const [kind, names] of Object.entries(NAMES)) {
    // as: NAMES has the same keys.
    const amount = amounts[kind as keyof BilledAmounts];
    if (amount !== undefined) for (const name of names) usage[name] = amount;
  }
  return calcPrice(usage, id, { providerId: provider, timestamp: new Date(NOON) })?.total_price;
}

test("every model of the table costs what the package's own arithmetic gives, for requests of every kind", () => {
  let compared = 0;
  for (const { provider, model } of everyModel) {
    const listed = ours.find(provider, model.id, NOON);
    if (listed === undefined || listed.id !== model.id) continue;
    for (const amounts of REQUESTS) {
      const charge = chargeFor(listed.prices, amounts);
      // The package treats amounts without a price as free; here their cost is unknown.
      if (typeof charge === "string") continue;
      const expected = packageCost(provider, model.id, amounts);
      assert.ok(expected !== undefined);
      const found = charge.tokensUsd + charge.unitsUsd;
      const message = `${provider}/${model.id} ${JSON.stringify(amounts)}: ${found} instead of ${expected}`;
      assert.ok(Math.abs(found - expected) <= 1e-9 * Math.max(1, expected), message);
      compared++;
    }
  }
  assert.ok(compared > 8_000, `only ${compared} comparisons`);
});

/** Spellings that clients use, of models that are in the table and of some that are not. */
function spellings(id: string): readonly string[] {
  return [id, id.toUpperCase(), `${id}-20260115`, `${id}-2026-01-15`, `${id}-20261345`, `${id}:free`, `x-${id}`];
}

/** The row that the package itself finds; `undefined` if the row is contradictory or for another version. */
function foundByPackage(provider: string, name: string, at: number): { id: string; prices: object } | undefined {
  try {
    const found = calcPrice({}, name, { providerId: provider, timestamp: new Date(at) });
    if (found === null || !isSameModel(found.model.match, name)) return undefined;
    return { id: found.model.id, prices: found.model_price };
  } catch {
    return undefined;
  }
}

test("every name finds the same row and prices as the package itself", () => {
  const moments = [NOON, Date.UTC(2026, 10, 23, 17, 0, 0), Date.UTC(2025, 0, 2, 3, 4, 5)];
  let found = 0;
  for (const { provider, model } of everyModel) {
    for (const name of spellings(model.id)) {
      const expected = foundByPackage(provider, name, NOON);
      // Names that are cut before they are looked up have their own tests.
      if (expected === undefined) continue;
      const listed = ours.find(provider, name, NOON);
      if (listed === undefined) continue;
      assert.equal(listed.id, expected.id, `${provider}/${name}`);
      found++;
    }
    if (!Array.isArray(model.prices)) continue;
    const row = { ...model, match: { equals: model.id }, prices: model.prices };
    for (const at of moments) {
      const expected = foundByPackage(provider, model.id, at);
      if (expected?.id === model.id)
        assert.deepEqual(pricesAt(row, at), expected.prices, `${provider}/${model.id} at ${at}`);
    }
  }
  assert.ok(found > 2_000, `only ${found} names`);
});

test("a model's own name is never treated as another version", () => {
  const mismatched = everyModel.filter(({ model }) => !isSameModel(model.match, model.id));
  assert.deepEqual(
    mismatched.map(({ provider, model }) => `${provider}/${model.id}`),
    [],
  );
});

test("a version that the table does not list is not priced like its predecessor", () => {
  assert.ok(ours.find("anthropic", "claude-sonnet-5", NOON));
  assert.equal(ours.find("anthropic", "claude-sonnet-5-5", NOON), undefined);
  assert.equal(ours.find("anthropic", "claude-sonnet-5.5-20270101", NOON), undefined);
  assert.equal(ours.find("anthropic", "claude-sonnet-5-mini", NOON), undefined);
});

test("names with dates, snapshots and a host's suffix are the same model", () => {
  const same = [
    ["anthropic", "claude-sonnet-5-20260101"],
    ["anthropic", "claude-sonnet-5-latest"],
    ["aws", "us.anthropic.claude-sonnet-5-20260101-v1:0"],
    ["google", "gemini-2.5-flash-preview-09-2025"],
    ["google", "claude-sonnet-4-5@20250929"],
    ["openai", "gpt-4o-2024-08-06"],
    ["mistral", "mistral-large-2411"],
  ] as const;
  for (const [provider, model] of same) assert.ok(ours.find(provider, model, NOON), `${provider}/${model}`);
});

test("a name is found with the parts that only name the model's location", () => {
  const plain = ours.find("google", "gemini-2.5-flash", NOON);
  assert.ok(plain);
  for (const spelling of [
    "models/gemini-2.5-flash",
    "google/gemini-2.5-flash",
    "publishers/google/models/gemini-2.5-flash",
  ]) {
    assert.equal(ours.find("google", spelling, NOON)?.id, plain.id, spelling);
  }
  const arn = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0";
  assert.equal(
    ours.find("aws", arn, NOON)?.id,
    ours.find("aws", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", NOON)?.id,
  );
});

test("a row without any price is an unknown price, not a free model", () => {
  const empty = everyModel.filter(
    ({ model }) => !Array.isArray(model.prices) && Object.keys(model.prices).length === 0,
  );
  assert.ok(empty.length > 0, "the table has such rows");
  for (const { provider, model } of empty.slice(0, 50)) {
    const listed = ours.find(provider, model.id, NOON);
    assert.ok(listed === undefined || Object.keys(listed.prices).length > 0, `${provider}/${model.id}`);
  }
});

test("a model whose price depends on the time of day is marked", () => {
  const timed = everyModel.filter(({ model }) => Array.isArray(model.prices));
  assert.ok(timed.length > 0);
  for (const { provider, model } of timed) {
    const listed = ours.find(provider, model.id, NOON);
    assert.ok(listed === undefined || listed.id !== model.id || listed.isTimed, `${provider}/${model.id}`);
  }
});

test("the table has a version", () => {
  assert.match(ours.version, /^genai-prices \d+\.\d+\.\d+$/);
});
