// `npm run build` compiles src/ and simulator/ into an empty dist/.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { runNode } from "./run-node.ts";

const root = join(import.meta.dirname, "..");
rmSync(join(root, "dist"), { recursive: true, force: true });
const ended = await runNode(["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
  cwd: root,
  show: true,
});
process.exitCode = ended.exitCode;
