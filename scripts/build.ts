// `npm run build` compiles src/ and simulator/ into an empty dist/ and builds the dashboard. The old dashboard is not deleted
// first, because a running gateway may serve it; its build replaces it in one step.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runNode } from "./run-node.ts";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
for (const name of existsSync(dist) ? readdirSync(dist) : []) {
  if (name !== "dashboard") rmSync(join(dist, name), { recursive: true });
}
for (const command of [["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], ["dashboard/build.ts"]]) {
  const ended = await runNode(command, { cwd: root, show: true });
  process.exitCode ||= ended.exitCode;
}
