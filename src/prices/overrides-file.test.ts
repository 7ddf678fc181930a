import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIssue } from "../config/config-issue.ts";
import { readPriceOverrides } from "./overrides-file.ts";

function issuesOf(text: string): readonly string[] {
  const read = readPriceOverrides(text, "prices.yaml");
  return "issues" in read ? read.issues.map(formatIssue) : [];
}

const WHOLE = `
models:
  gpt-x: { input: 1.25, cache_read: 0.125, output: 10 }
  "my-*":
    input: 0
    output: 0
    multipliers:
      service_tier: { flex: 0.5 }
providers:
  azure:
    models:
      gpt-x: { input: 1.1, output: 9 }
    multipliers:
      batch: 0.5
      region: { eu: 1.1 }
multipliers:
  always: 0.9
`;

test("prices and multipliers are read for all providers, for one, and for a pattern of models", () => {
  const read = readPriceOverrides(WHOLE, "prices.yaml");
  assert.ok("overrides" in read);
  const { models, multipliers, providers } = read.overrides;
  assert.deepEqual(models, [
    { model: "gpt-x", prices: { input: 1.25, cache_read: 0.125, output: 10 }, multipliers: {} },
    { model: "my-*", prices: { input: 0, output: 0 }, multipliers: { service_tier: { flex: 0.5 } } },
  ]);
  assert.deepEqual(multipliers, { always: 0.9 });
  assert.deepEqual(providers.get("azure"), {
    models: [{ model: "gpt-x", prices: { input: 1.1, output: 9 }, multipliers: {} }],
    multipliers: { batch: 0.5, region: { eu: 1.1 } },
  });
});

test("the same file may be JSON", () => {
  const read = readPriceOverrides('{"models": {"gpt-x": {"input": 1.25}}}', "prices.json");
  assert.deepEqual("overrides" in read && read.overrides.models[0]?.prices, { input: 1.25 });
});

test("an empty file and empty sections change no price", () => {
  for (const text of ["", "models:\nproviders:\nmultipliers:\n", "providers:\n  azure:\n"]) {
    const read = readPriceOverrides(text, "prices.yaml");
    assert.ok("overrides" in read, text);
    assert.deepEqual(read.overrides.models, []);
  }
});

test("all issues are reported at once, with line, key and allowed values", () => {
  const text = `
models:
  gpt-x:
    imput: 1
    output: "10"
  gpt-y: 3
  gpt-z: { input: -1 }
multiplier:
  always: 2
multipliers:
  batch: { half: 0.5 }
  region: 2
  service_teir: { flex: 1 }
providers:
  azure: { model: { gpt-x: { input: 1 } } }
`;
  assert.deepEqual(issuesOf(text), [
    'prices.yaml:4:5 models.gpt-x.imput: unknown name (did you mean "input"?)',
    'prices.yaml:5:13 models.gpt-x.output: found "10"; allowed is a number of US dollars from 0 to 1000000',
    "prices.yaml:6:10 models.gpt-y: found 3; allowed is prices by kind, as { input: 2.5, output: 10 }",
    "prices.yaml:7:19 models.gpt-z.input: found -1; allowed is a number of US dollars from 0 to 1000000",
    'prices.yaml:8:1 multiplier: unknown name (did you mean "multipliers"?)',
    "prices.yaml:11:18 multipliers.batch.half: found 0.5; allowed is a factor from 0 to 1000",
    "prices.yaml:12:11 multipliers.region: found 2; allowed is factors by name, as { flex: 0.5 }",
    'prices.yaml:13:3 multipliers.service_teir: unknown name (did you mean "service_tier"?)',
    'prices.yaml:15:12 providers.azure.model: unknown name (did you mean "models"?)',
  ]);
});

test("a model without a price is an issue, because it would hide the price of the table", () => {
  const [issue] = issuesOf("models:\n  gpt-x:\n    multipliers: { batch: 0.5 }\n");
  assert.match(issue ?? "", /^prices\.yaml:2:3 models\.gpt-x: has no price; allowed are input, output, /);
});

test("a name that every object has as a member is treated like any other", () => {
  const read = readPriceOverrides(
    "models: { __proto__: { input: 1 } }\nmultipliers: { region: { __proto__: 2 } }",
    "p",
  );
  assert.ok("overrides" in read);
  assert.equal(read.overrides.models[0]?.model, "__proto__");
  assert.ok(Object.hasOwn(read.overrides.multipliers.region ?? {}, "__proto__"));
});

test("a file that is nested too deeply is rejected", () => {
  assert.ok(issuesOf(`models: ${"{a: ".repeat(200)}1${"}".repeat(200)}`).length > 0);
  assert.ok(issuesOf("models: { a: { multipliers: { region: { b: { c: { d: { e: 1 } } } } } } }").length > 0);
});
