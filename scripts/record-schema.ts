// `npm run schema` writes docs/record.schema.json from its typed source.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { recordJsonSchema } from "../test/harness/record-schema.ts";

writeFileSync(
  join(import.meta.dirname, "..", "docs", "record.schema.json"),
  `${JSON.stringify(recordJsonSchema(), undefined, 2)}\n`,
);
