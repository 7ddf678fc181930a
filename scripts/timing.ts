// `npm run timing [-- --requests N --seed S]` sends keys that are invalid in different ways and compares the time until their
// rejection. It fails if the kinds can be told apart statistically.
import { parseArgs } from "node:util";

import { textTable } from "../src/cli/output/text-table.ts";
import { measureRejections, DISTINGUISHABLE_T } from "../test/attack/timing.ts";

const { values } = parseArgs({
  options: { requests: { type: "string", default: "200000" }, seed: { type: "string", default: "1" } },
});
const timings = await measureRejections(Number(values.requests), Number(values.seed));
const columns = ["rejected key", "samples", "median µs", "t"].map((heading, at) => ({
  heading,
  align: at === 0 ? ("left" as const) : ("right" as const),
}));
const rows = timings.map(({ kind, samples, medianMicroseconds, t }) => [
  kind,
  String(samples),
  medianMicroseconds.toFixed(1),
  t?.toFixed(2) ?? "",
]);
for (const line of textTable(columns, rows)) process.stdout.write(`${line}\n`);
const distinguishable = timings.filter(({ t }) => t !== undefined && Math.abs(t) >= DISTINGUISHABLE_T);
process.stdout.write(
  distinguishable.length === 0
    ? `No kind can be distinguished from the first (|t| < ${DISTINGUISHABLE_T}).\n`
    : `Distinguishable from the first: ${distinguishable.map(({ kind }) => kind).join(", ")}.\n`,
);
if (distinguishable.length > 0) process.exitCode = 1;
