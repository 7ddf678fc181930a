// `npm run price-table` writes src/prices/table.json, after an update of @pydantic/genai-prices.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { priceTable } from "./genai-prices.ts";

writeFileSync(join(import.meta.dirname, "../src/prices/table.json"), await priceTable());
