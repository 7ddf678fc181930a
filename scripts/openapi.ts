// `npm run openapi` writes docs/openapi.json from the admin API's own routes.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openApiText } from "../test/admin/api-routes.ts";

writeFileSync(join(import.meta.dirname, "..", "docs", "openapi.json"), openApiText());
