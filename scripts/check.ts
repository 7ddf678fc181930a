// `npm run check` runs all checks that a change must pass, the fastest first. `-- --fast` skips the tests.
import { join } from "node:path";
import { runNode } from "./run-node.ts";

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** What to do when the step fails. */
  readonly remedy: string;
  /** Takes long, so its output is shown as it arrives. */
  readonly slow?: true;
}

const STEPS: readonly Step[] = [
  { name: "format", command: ["node_modules/oxfmt/bin/oxfmt", "--check", "."], remedy: "run `npm run format`" },
  {
    name: "lint",
    command: ["node_modules/oxlint/bin/oxlint", "--deny-warnings"],
    remedy: "see the rules in .oxlintrc.json",
  },
  {
    name: "types",
    command: ["node_modules/typescript/bin/tsc", "-p", "."],
    remedy: "see the compiler options in tsconfig.json",
  },
  {
    name: "dashboard types",
    command: ["node_modules/typescript/bin/tsc", "-p", "dashboard"],
    remedy: "see the compiler options in dashboard/tsconfig.json",
  },
  {
    name: "unused code",
    command: ["node_modules/knip/bin/knip.js", "--no-progress"],
    remedy: "delete unused code, or do not export it",
  },
  { name: "build", command: ["scripts/build.ts"], remedy: "fix the compiler errors above" },
  {
    name: "dashboard size",
    command: ["scripts/dashboard-size.ts"],
    remedy: "reduce the size of the dashboard",
  },
  {
    name: "package",
    command: ["node_modules/publint/src/cli.js", "--strict"],
    remedy: "fix package.json",
  },
  { name: "tests", command: ["scripts/test.ts"], remedy: "the failed tests are listed above", slow: true },
];

const root = join(import.meta.dirname, "..");
const isFast = process.argv.includes("--fast");
process.exitCode = await check(STEPS.filter((step) => !(isFast && step.slow)));

async function check(steps: readonly Step[]): Promise<number> {
  for (const step of steps) {
    const startedAt = performance.now();
    const ended = await runNode(step.command, { cwd: root, show: step.slow === true });
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    if (ended.exitCode !== 0) {
      console.log(ended.output);
      console.log(`✖ ${step.name} failed after ${seconds} s: ${step.remedy}`);
      return 1;
    }
    console.log(`✔ ${step.name} (${seconds} s)`);
  }
  return 0;
}
