// `npm run timing [-- --requests N --seed S]` asks with keys that are wrong in different ways and compares how long the refusals take.
// It fails where a statistician could tell one kind from another.
import { parseArgs } from "node:util";

import { textTable } from "../src/cli/output/text-table.ts";
import { measureDenials, TELLTALE_T } from "../test/attack/timing.ts";

const { values } = parseArgs({
  options: { requests: { type: "string", default: "200000" }, seed: { type: "string", default: "1" } },
});
const timings = await measureDenials(Number(values.requests), Number(values.seed));
const columns = ["refused key", "samples", "median µs", "t"].map((heading, at) => ({
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
const told = timings.filter(({ t }) => t !== undefined && Math.abs(t) >= TELLTALE_T);
process.stdout.write(
  told.length === 0
    ? `No kind can be told from the first (|t| < ${TELLTALE_T}).\n`
    : `Can be told from the first: ${told.map(({ kind }) => kind).join(", ")}.\n`,
);
if (told.length > 0) process.exitCode = 1;
