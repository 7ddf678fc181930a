import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { priceTable } from "../../scripts/genai-prices.ts";
import { repository } from "../harness/markdown.ts";

test("the price table in the source is that of the package (npm run price-table writes it)", async () => {
  assert.equal(readFileSync(join(repository, "src/prices/table.json"), "utf8"), await priceTable());
});
