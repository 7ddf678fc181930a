import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";

/** The entries of the workers. Each starts with every gateway, and reading one file is faster than reading a hundred. */
const WORKERS = ["src/workers/data/data-worker", "src/workers/ledger/ledger-worker"];

/** Replaces the workers' entries in a compiled `directory` by files that contain all that they import from the project. */
export async function bundleWorkers(directory: string, drafts: string): Promise<void> {
  for (const worker of WORKERS) {
    await build({
      configFile: false,
      root: directory,
      logLevel: "warn",
      build: {
        ssr: join(directory, `${worker}.js`),
        outDir: drafts,
        emptyOutDir: true,
        target: "node24",
        minify: false,
        rollupOptions: { output: { entryFileNames: "worker.js", inlineDynamicImports: true } },
      },
    });
    copyFileSync(join(drafts, "worker.js"), join(directory, `${worker}.js`));
  }
}
