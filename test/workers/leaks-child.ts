// Runs the gateway as a program that does not call `exit`: it ends when Node.js finds nothing left to do.
import { setTimeout as delay } from "node:timers/promises";

import { runApp } from "../../src/app/app.ts";
import { prestart } from "../../src/app/startup/prestart.ts";

const [, , configFile] = process.argv;
const { env, stdout, stderr } = process;
const code = await runApp({
  configFile,
  flags: [],
  env,
  adminToken: undefined,
  stdout,
  stderr,
  prestart: prestart(),
});
// The pipes to the parent are not the gateway's.
const left = (): readonly string[] => process.getActiveResourcesInfo().filter((what) => what !== "PipeWrap");
// A closed handle disappears some turns of the event loop later.
for (let looks = 0; looks < 1_000 && left().length > 0; looks++) await delay(20);
process.stdout.write(`${JSON.stringify({ msg: "over", code, left: left() })}\n`);
