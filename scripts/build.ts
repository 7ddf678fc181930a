// `npm run build` compiles src/ and simulator/ into dist/ and builds the dashboard. With `--if-older`, as before `npm start`,
// it builds only what is missing or older than its sources. A running gateway may use the old files, so that each folder is
// built elsewhere and replaced in one step.
import { existsSync, globSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { bundleWorkers } from "./bundle-workers.ts";
import { runNode } from "./run-node.ts";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
const main = join(dist, "src", "cli", "main.js");
const SOURCES = [
  "src/**/*.ts",
  "src/**/*.json",
  "simulator/**/*.ts",
  "scripts/b*.ts",
  "{package,tsconfig,tsconfig.build}.json",
];
const BUILD_DASHBOARD = ["dashboard/build.ts"];

// as: the launcher is written for old versions of Node, without types.
const { underLock } = createRequire(import.meta.url)("./launcher/install.cjs") as {
  readonly underLock: (root: string, isDone: () => boolean, work: () => Promise<void>) => Promise<void>;
};

process.exitCode = process.argv.includes("--if-older") ? await buildIfOlder() : await buildAll();

async function buildAll(): Promise<number> {
  const exitCode = await compile();
  const dashboard = await runNode(BUILD_DASHBOARD, { cwd: root, show: true });
  return exitCode || dashboard.exitCode;
}

async function buildIfOlder(): Promise<number> {
  let exitCode = 0;
  if (isOlder()) {
    try {
      await underLock(
        root,
        () => !isOlder(),
        async () => {
          process.stderr.write("lmgate: Compiling the gateway, once.\n");
          exitCode = await compile();
        },
      );
    } catch (error) {
      exitCode = complain(error);
    }
  }
  await runNode([...BUILD_DASHBOARD, "--if-older"], { cwd: root, show: true });
  return exitCode;
}

/** A checkout that cannot be written starts from its sources, but never from what older ones were compiled to. */
function complain(error: unknown): number {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`lmgate: The gateway could not be compiled (${reason}).\n`);
  return existsSync(main) ? 1 : 0;
}

async function compile(): Promise<number> {
  const drafts = join(root, ".runtime", `build.${process.pid}`);
  const draft = join(drafts, "new");
  try {
    const compiler = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", draft];
    const { exitCode } = await runNode(compiler, { cwd: root, show: true });
    if (exitCode !== 0) return exitCode;
    await bundleWorkers(draft, join(drafts, "bundles"));
    mkdirSync(dist, { recursive: true });
    mkdirSync(join(drafts, "old"));
    for (const name of readdirSync(draft)) {
      if (existsSync(join(dist, name))) renameSync(join(dist, name), join(drafts, "old", name));
      renameSync(join(draft, name), join(dist, name));
    }
    return 0;
  } finally {
    rmSync(drafts, { recursive: true, force: true });
  }
}

function isOlder(): boolean {
  const built = statSync(main, { throwIfNoEntry: false });
  if (built === undefined) return true;
  const sources = globSync(SOURCES, { cwd: root, exclude: (path) => path.endsWith(".test.ts") });
  return sources.some((path) => statSync(join(root, path)).mtimeMs > built.mtimeMs);
}
