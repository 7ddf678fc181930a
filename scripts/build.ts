// `npm run build` compiles src/ and simulator/ into an empty dist/, and builds the dashboard beside them.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { runNode } from "./run-node.ts";

const root = join(import.meta.dirname, "..");
rmSync(join(root, "dist"), { recursive: true, force: true });
for (const command of [["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], ["dashboard/build.ts"]]) {
  const ended = await runNode(command, { cwd: root, show: true });
  process.exitCode ||= ended.exitCode;
}
