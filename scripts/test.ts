// `npm test` runs every test; `npm test -- src/wire drain` those whose path holds one of the words. Flags go to the runner.
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, sep } from "node:path";
import { runNode } from "./run-node.ts";

const TEST_FILES = ["src/**/*.test.ts", "simulator/**/*.test.ts", "test/**/*.test.ts"];
const CLOSING_LINE = /^# (tests|pass|fail|cancelled|skipped|duration_ms) /;

const TEST_LIMIT_MS = 4 * 60_000;
// A file that leaves a handle open never ends by itself, and no limit of the runner's reaches it. Told to end, it names it.
const WHOLE_LIMIT_MS = 18 * 60_000;

const root = join(import.meta.dirname, "..");
const flags = process.argv.slice(2).filter((argument) => argument.startsWith("-"));
const words = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const files = globSync(TEST_FILES, { cwd: root })
  .map((file) => file.split(sep).join("/"))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word.replace(/^\.\//, ""))))
  .toSorted();

if (files.length === 0) {
  console.error(`No test file matches ${words.join(" ")}`);
  process.exitCode = 1;
} else {
  process.exitCode = await test(files);
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
    const defaults = [`--test-timeout=${TEST_LIMIT_MS}`, `--test-concurrency=${availableParallelism()}`];
    const args = ["--test", ...defaults, ...reporters.flat(), ...flags, ...paths];
    const ended = await runNode(args, { cwd: root, show: true, limitMs: WHOLE_LIMIT_MS });
    console.log(`\n${closingLines(readFileSync(plainReport, "utf8"))}`);
    return ended.exitCode;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

// What a test prints stands in the report as comments too, so only what follows the last `# tests` is the runner's.
function closingLines(report: string): string {
  const closing = report.slice(report.lastIndexOf("\n# tests ") + 1);
  return closing
    .split("\n")
    .filter((line) => CLOSING_LINE.test(line))
    .join("\n");
}
