// Builds the dashboard into dist/dashboard/. With `--if-older` only where it is missing or older than its sources, and
// then whatever goes wrong is told in one line: a gateway starts without a dashboard too.
import { existsSync, globSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const place = join(import.meta.dirname, "../dist/dashboard");

if (process.argv.includes("--if-older")) await buildIfOlder().catch(complain);
else await buildDashboard();

async function buildIfOlder(): Promise<void> {
  if (!isOlder()) return;
  process.stderr.write("lmgate: Building the dashboard, once.\n");
  await buildDashboard();
}

function complain(error: unknown): void {
  const [reason] = (error instanceof Error ? error.message : String(error)).split("\n");
  process.stderr.write(`lmgate: The dashboard could not be built (${reason}); everything else works.\n`);
}

/** Builds in another folder and renames it, so that a running gateway never serves half a dashboard. */
async function buildDashboard(): Promise<void> {
  // Loaded only where there is something to build: most starts need none of it.
  const { build } = await import("vite");
  const drafts = join(import.meta.dirname, `dist.${process.pid}`);
  const draft = join(drafts, "new");
  try {
    await build({
      configFile: false,
      root: import.meta.dirname,
      // Where the admin listener serves it.
      base: "/ui/",
      logLevel: "warn",
      esbuild: { jsx: "automatic", jsxImportSource: "preact" },
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
    for (let attempt = 0; !wasPut(draft, join(drafts, `old-${attempt}`)); attempt++);
  } finally {
    rmSync(drafts, { recursive: true, force: true });
  }
}

/** False if another build was renamed to this name in the same moment. */
function wasPut(draft: string, old: string): boolean {
  if (existsSync(place)) renameSync(place, old);
  try {
    renameSync(draft, place);
    return true;
  } catch (error) {
    if (existsSync(place) && existsSync(draft)) return false;
    throw error;
  }
}

function isOlder(): boolean {
  const built = statSync(join(place, "index.html"), { throwIfNoEntry: false });
  if (built === undefined) return true;
  const root = import.meta.dirname;
  // The dashboard also compiles pure modules of the gateway.
  return globSync(["src/**", "*.{ts,html,json}", "../src/{core,store}/**/*.ts"], { cwd: root }).some(
    (path) => statSync(join(root, path)).mtimeMs > built.mtimeMs,
  );
}
