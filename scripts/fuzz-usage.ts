// `npm run fuzz:usage -- --seconds N [--seed S]` mutates the corpus at random and passes it to every usage reader. A failure
// is printed with the seed of its round; `--seed` starts with that round.
import { parseArgs } from "node:util";
import { fuzz } from "../test/corpus/fuzz.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "10" }, seed: { type: "string", default: "1" } },
});
const until = performance.now() + Number(values.seconds) * 1000;
const { rounds, failures, states } = await fuzz({
  seed: Number(values.seed),
  continues: () => performance.now() < until,
});

const { rss, heapUsed } = process.memoryUsage();
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
console.log(`${rounds} rounds; heap ${mebibytes(heapUsed)}, process ${mebibytes(rss)}`);
console.log([...states].map(([state, count]) => `${state} ${count}`).join(", "));
for (const failure of failures) console.log(`✖ ${failure}`);
if (failures.length > 0) process.exitCode = 1;
