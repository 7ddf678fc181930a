// `npm test` runs every test; `npm test -- src/wire drain` those whose path contains one of the words. Flags go to the runner.
// Long sweeps are sampled; `npm run test:full` runs the files that have such sweeps, and all of each sweep.
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, sep } from "node:path";
import { runNode } from "./run-node.ts";

const TEST_FILES = ["src/**/*.test.ts", "simulator/**/*.test.ts", "test/**/*.test.ts"];
const CLOSING_LINE = /^# (tests|pass|fail|cancelled|skipped|duration_ms) /;

/** All page tests share one process and one browser. */
const PAGES = "test/pages/";
const ALL_PAGES = "test/pages/all-pages.ts";
const SAMPLES_SWEEPS = /from "(?:\.\.?\/)+(?:test\/)?(?:harness\/)?sampling\.ts"/;

/** Both limits end a run that hangs. Neither is a verdict on speed. */
const TEST_LIMIT_MS = 10 * 60_000;
// A file that leaves a handle open never ends, and no limit of the runner applies to it. On SIGTERM the runner names it.
const SILENCE_LIMIT_MS = 15 * 60_000;

const root = join(import.meta.dirname, "..");
const isFull = process.argv.includes("--full");
const seed = process.env["LMGATE_TEST_SEED"] ?? "1";
const flags = process.argv.slice(2).filter((argument) => argument.startsWith("-") && argument !== "--full");
const words = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const files = globSync(TEST_FILES, { cwd: root })
  .map((file) => file.split(sep).join("/"))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word.replace(/^\.\//, ""))))
  .filter((file) => !isFull || SAMPLES_SWEEPS.test(readFileSync(join(root, file), "utf8")))
  .toSorted();

if (files.length === 0) {
  console.error(`No test file matches ${words.join(" ")}`);
  process.exitCode = 1;
} else {
  console.log(`Long sweeps are ${isFull ? "run completely" : "sampled"}, with LMGATE_TEST_SEED=${seed}.\n`);
  process.exitCode = await test(withPagesTogether(files));
}

/** The pages take longest, so they start first. */
function withPagesTogether(paths: readonly string[]): readonly string[] {
  const pages = paths.filter((path) => path.startsWith(PAGES));
  if (pages.length < globSync(`${PAGES}*.test.ts`, { cwd: root }).length) return paths;
  return [ALL_PAGES, ...paths.filter((path) => !path.startsWith(PAGES))];
}

// The readable report goes to the terminal; its closing lines are said again at the very end, below any failures.
async function test(paths: readonly string[]): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), "lmgate-test-report-"));
  const plainReport = join(scratch, "report.tap");
  try {
    const reporters = [
      ["--test-reporter=spec", "--test-reporter-destination=stdout"],
      ["--test-reporter=tap", `--test-reporter-destination=${plainReport}`],
    ];
    // Tests wait more than they compute, so two files more than there are CPUs end sooner.
    const defaults = [`--test-timeout=${TEST_LIMIT_MS}`, `--test-concurrency=${availableParallelism() + 2}`];
    const args = ["--test", ...defaults, ...reporters.flat(), ...flags, ...paths];
    // Starting processes costs most of a run. With a compile cache only the first process of a kind compiles its code.
    const env = {
      NODE_COMPILE_CACHE: join(scratch, "compile-cache"),
      LMGATE_TEST_SEED: seed,
      LMGATE_TEST_FULL: isFull ? "1" : "",
    };
    const isStuck = (): boolean => Date.now() - lastChange(plainReport) > SILENCE_LIMIT_MS;
    const ended = await runNode(args, { cwd: root, show: true, env, isStuck });
    console.log(`\n${closingLines(readFileSync(plainReport, "utf8"))}`);
    return ended.exitCode;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function lastChange(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
}

// What a test prints stands in the report as comments too, so only what follows the last `# tests` is the runner's.
function closingLines(report: string): string {
  const closing = report.slice(report.lastIndexOf("\n# tests ") + 1);
  return closing
    .split("\n")
    .filter((line) => CLOSING_LINE.test(line))
    .join("\n");
}
