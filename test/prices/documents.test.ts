/** Checks the examples of docs/cost.md against the code. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PRICE_KINDS } from "../../src/core/price-overrides.ts";
import { formatIssues } from "../../src/config/config-issue.ts";
import { readPriceOverrides } from "../../src/prices/overrides-file.ts";

const page = readFileSync(new URL("../../docs/cost.md", import.meta.url), "utf8");

test("the example of price overrides is valid and has the expected prices", () => {
  const example = [...page.matchAll(/```yaml\n(.*?)```/gs)]
    .map(([, yaml]) => yaml ?? "")
    .find((yaml) => yaml.startsWith("models:"));
  assert.ok(example);
  const read = readPriceOverrides(example, "example");
  assert.ok("overrides" in read, "issues" in read ? formatIssues(read.issues).join("\n") : "");
  assert.deepEqual(read.overrides.models[0]?.prices, { input: 2.5, cache_read: 1.25, output: 10 });
  assert.deepEqual(read.overrides.providers.get("azure")?.models[0]?.multipliers, { service_tier: { priority: 1.75 } });
});

test("every kind of price is documented", () => {
  const missing = PRICE_KINDS.filter((kind) => !page.includes(`\`${kind}\``));
  assert.deepEqual(missing, []);
});
