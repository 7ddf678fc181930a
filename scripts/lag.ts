// `npm run lag [-- --seconds N --only WORD]` runs all known attacks on a gateway and prints the CPU time of one turn of its
// data worker's event loop. It fails if a turn takes more than 50 ms of CPU time.
import { parseArgs } from "node:util";

import { textTable } from "../src/cli/output/text-table.ts";
import { attacks, type Attack } from "../test/attack/lag/attacks.ts";
import { startHostileUpstream } from "../test/attack/lag/hostile-upstream.ts";
import { turnsDuring, type Turns } from "../test/attack/lag/turn-probe.ts";
import { seededRandom } from "../test/harness/seeded-random.ts";
import { startGateway, type Gateway } from "../test/harness/gateway.ts";

const MAX_TURN_MS = 50;

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "5" }, only: { type: "string", default: "" } },
});

async function measure(gateway: Gateway, attack: Attack): Promise<Turns> {
  const milliseconds = Number(values.seconds) * 1000;
  const random = seededRandom(attack.name.length);
  return turnsDuring(gateway, async () => {
    const until = performance.now() + milliseconds;
    const over = (): boolean => performance.now() >= until;
    const assault = { port: gateway.port, random, over };
    const all = Array.from({ length: attack.connections }, () => attack.run(assault));
    await Promise.all([...all, new Promise((resolve) => void setTimeout(resolve, milliseconds))]);
  });
}

const upstream = await startHostileUpstream();
const gateway = await startGateway({
  config: {
    providers: { hostile: { upstream: `http://127.0.0.1:${upstream.port}` } },
  },
  env: { NODE_OPTIONS: "--inspect=127.0.0.1:0" },
});
const rows: (readonly string[])[] = [];
let exceeded = 0;
try {
  for (const attack of attacks(upstream.kinds).filter(({ name }) => name.includes(values.only))) {
    const { turns, cpu, late } = await measure(gateway, attack);
    if (cpu.max > MAX_TURN_MS) exceeded++;
    const figures = [cpu.p50, cpu.p999, cpu.max, late.p50, late.p999, late.max].map((ms) => ms.toFixed(2));
    rows.push([attack.name, String(turns), ...figures]);
  }
} finally {
  upstream.close();
  await gateway.stop();
}
const headings = ["attack", "turns", "CPU ms p50", "p99.9", "max", "late ms p50", "p99.9", "max"];
const columns = headings.map((heading, at) => ({ heading, align: at === 0 ? ("left" as const) : ("right" as const) }));
for (const line of textTable(columns, rows)) process.stdout.write(`${line}\n`);
process.stdout.write(`${exceeded} of ${rows.length} with a turn of more than ${MAX_TURN_MS} ms of CPU time\n`);
process.exit(exceeded === 0 ? 0 : 1);
