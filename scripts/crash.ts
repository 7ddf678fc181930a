// `npm run crash -- --kills N --rate R --durability relaxed|written` kills gateways under load and counts missing records.
// The exit code is 1 if a guarantee of docs/durability.md does not hold.
import { parseArgs } from "node:util";
import { killLoop, type Kill } from "../test/durability/kill-loop.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "10" },
    rate: { type: "string", default: "2000" },
    durability: { type: "string", default: "relaxed" },
  },
});
const durability = values.durability === "written" ? "written" : "relaxed";
const kills = Number(values.kills);
const perSecond = Number(values.rate);

let done = 0;
const killText = ({
  requests,
  finished,
  missing,
  lost,
  missingSinceMs,
  running,
  unknown,
  recent,
  recentRecorded,
}: Kill): string =>
  [
    `kill ${++done}`,
    `${requests} requests`,
    `${finished} finished, ${missing} of them without a record of their end (${lost} without any record), the oldest finished ${missingSinceMs.toFixed(1)} ms before`,
    `${running} older than 100 ms, ${unknown} of them unknown`,
    `${recent} younger, ${recentRecorded} of them known`,
  ].join("; ");
const result = await killLoop({ kills, perSecond, durability, onKill: (kill) => console.log(killText(kill)) });

const sum = (pick: (kill: Kill) => number): number => result.kills.reduce((total, kill) => total + pick(kill), 0);
const max = (pick: (kill: Kill) => number): number => Math.max(...result.kills.map(pick));
console.log(`
| durability ${durability}, ${perSecond} requests/s requested | all ${kills} kills | worst kill |
| --- | ---: | ---: |
| requests started | ${sum(({ requests }) => requests)} | |
| responses that had arrived | ${sum(({ finished }) => finished)} | |
| of them without a record | ${sum(({ missing }) => missing)} | ${max(({ missing }) => missing)} |
| the oldest of these finished before the kill | | ${max(({ missingSinceMs }) => missingSinceMs).toFixed(1)} ms |
| requests that had reached the provider more than 100 ms before | ${sum(({ running }) => running)} | ${max(({ running }) => running)} |
| of them unknown after the restart | ${sum(({ unknown }) => unknown)} | ${max(({ unknown }) => unknown)} |
| younger running requests | ${sum(({ recent }) => recent)} | |
| of them known after the restart | ${sum(({ recentRecorded }) => recentRecorded)} | |
| duplicate records, and records without a request | ${result.surplus} | |
| unexplained gaps and damaged lines (\`lmgate ledger verify\`) | ${result.unexplained} | |
`);
const isGuaranteeMet =
  durability === "written" ? sum(({ missing }) => missing) === 0 : max(({ missingSinceMs }) => missingSinceMs) <= 100;
if (!isGuaranteeMet || sum(({ unknown }) => unknown) > 0 || result.surplus > 0 || result.unexplained > 0)
  process.exitCode = 1;
