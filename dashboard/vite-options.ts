import { join } from "node:path";
import type { InlineConfig } from "vite";

/** Where the dashboard stands below the admin listener; src/admin/static-files.ts serves it there. */
const BASE = "/ui/";

/** What building it and working on it have in common. */
export const viteOptions: InlineConfig = {
  configFile: false,
  root: import.meta.dirname,
  base: BASE,
  logLevel: "warn",
  cacheDir: join(import.meta.dirname, "../node_modules/.vite-dashboard"),
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
};
