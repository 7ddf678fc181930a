// `npm run check`: all that must hold before a change is merged, quickest first. `-- --fast` leaves the tests out.
import { join } from "node:path";
import { runNode } from "./run-node.ts";

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** What to do when the step fails. */
  readonly remedy: string;
  /** Takes so long that its own output is shown as it comes. */
  readonly slow?: true;
}

const STEPS: readonly Step[] = [
  { name: "format", command: ["node_modules/oxfmt/bin/oxfmt", "--check", "."], remedy: "run `npm run format`" },
  {
    name: "lint",
    command: ["node_modules/oxlint/bin/oxlint", "--deny-warnings"],
    remedy: "the rules stand in .oxlintrc.json",
  },
  {
    name: "types",
    command: ["node_modules/typescript/bin/tsc", "-p", "."],
    remedy: "the compiler's settings stand in tsconfig.json",
  },
  {
    name: "dashboard types",
    command: ["node_modules/typescript/bin/tsc", "-p", "dashboard"],
    remedy: "the compiler's settings stand in dashboard/tsconfig.json",
  },
  {
    name: "unused code",
    command: ["node_modules/knip/bin/knip.js", "--no-progress"],
    remedy: "delete what nothing uses, or stop exporting it",
  },
  { name: "build", command: ["scripts/build.ts"], remedy: "dist/ could not be compiled" },
  {
    name: "dashboard size",
    command: ["scripts/dashboard-size.ts"],
    remedy: "leave something out, or find what grew",
  },
  {
    name: "package",
    command: ["node_modules/publint/src/cli.js", "--strict"],
    remedy: "package.json does not describe what is shipped",
  },
  { name: "tests", command: ["scripts/test.ts"], remedy: "the failed ones are listed above", slow: true },
];

const root = join(import.meta.dirname, "..");
const isFast = process.argv.includes("--fast");
process.exitCode = await check(STEPS.filter((step) => !(isFast && step.slow)));

async function check(steps: readonly Step[]): Promise<number> {
  for (const step of steps) {
    const begun = performance.now();
    const ended = await runNode(step.command, { cwd: root, show: step.slow === true });
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    if (ended.exitCode !== 0) {
      console.log(ended.output);
      console.log(`✖ ${step.name} failed after ${seconds} s: ${step.remedy}`);
      return 1;
    }
    console.log(`✔ ${step.name} (${seconds} s)`);
  }
  return 0;
}
