// Builds the dashboard into dist/dashboard/. With `--if-older` only where it is missing or older than its sources, and
// then whatever goes wrong is told in one line: a gateway starts without a dashboard too.
import { globSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";
import { viteOptions } from "./vite-options.ts";

const place = join(import.meta.dirname, "../dist/dashboard");

if (!process.argv.includes("--if-older")) await buildDashboard();
else if (isOlder()) {
  process.stderr.write("lmgate: Building the dashboard, once.\n");
  await buildDashboard().catch((error: unknown) => {
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
    process.stderr.write(`lmgate: The dashboard could not be built (${reason}); everything else works.\n`);
  });
}

/** Beside its place, then renamed: a gateway that runs never serves half a dashboard. */
async function buildDashboard(): Promise<void> {
  const draft = `${place}.${process.pid}`;
  try {
    await build({
      ...viteOptions,
      build: {
        outDir: draft,
        emptyOutDir: true,
        target: "es2022",
        modulePreload: { polyfill: false },
        // The content security policy knows no `data:` scripts or styles.
        assetsInlineLimit: 0,
        reportCompressedSize: false,
      },
    });
    mkdirSync(join(place, ".."), { recursive: true });
    rmSync(place, { recursive: true, force: true });
    renameSync(draft, place);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function isOlder(): boolean {
  const built = statSync(join(place, "index.html"), { throwIfNoEntry: false });
  if (built === undefined) return true;
  const root = import.meta.dirname;
  return globSync(["src/**", "*.{ts,html,json}"], { cwd: root }).some(
    (path) => statSync(join(root, path)).mtimeMs > built.mtimeMs,
  );
}
