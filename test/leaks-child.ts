// The gateway as a program that, once it has ended, leaves it to Node.js to find that nothing is left to do.
import { setImmediate as turn } from "node:timers/promises";

import { runApp } from "../src/app.ts";
import { headStart } from "../src/app/head-start.ts";

const [, , configFile] = process.argv;
const { env, stdout, stderr } = process;
const code = await runApp({ configFile, flags: [], env, stdout, stderr, headStart: headStart() });
// What was closed is gone some turns of the event loop later.
for (let turns = 0; turns < 10; turns++) await turn();
// Pipes to the parent and the promise of this very loop are not the gateway's.
const left = process.getActiveResourcesInfo().filter((what) => what !== "PipeWrap" && what !== "Immediate");
process.stdout.write(`${JSON.stringify({ msg: "over", code, left })}\n`);
