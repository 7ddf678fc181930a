// `npm run config-docs` writes config/lmgate.yaml and the tables of settings in the user guide from the rows in
// src/config/config-schema.ts.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configurationFile, withSettingTables } from "../test/harness/config-docs.ts";

const repository = join(import.meta.dirname, "..");
const guide = join(repository, "docs", "LMGate user guide.md");

writeFileSync(join(repository, "config", "lmgate.yaml"), configurationFile());
writeFileSync(guide, withSettingTables(readFileSync(guide, "utf8")));
