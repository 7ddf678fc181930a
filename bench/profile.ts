// Prints where the time of a request goes in LMGate's data and ledger workers, by phase and by kind of code, from V8's CPU
// profiles under load. Time that a thread waits within a system call is included. LMGate runs from its sources, because the
// compiled workers are one file each.
//
//   npm run bench:profile [-- --seconds 12 --after 100 --connections 200 --top 20]
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Children } from "./compare/children.ts";
import { measureCold } from "./compare/cold.ts";
import { lmgate } from "./compare/lmgate.ts";
import { startTimed } from "./compare/start-up.ts";
import { CHAT_PATH, directiveBody, SDK_HEADERS } from "./compare/target.ts";
import { startUpstreams } from "./compare/upstreams.ts";
import { smallBody } from "./compare/workloads.ts";
import { markdownTable } from "./markdown-table.ts";
import { type CpuProfile, functionsOf, kindsOf, samplesOf, type Sample } from "./profile-kinds.ts";
import { runWrk } from "./wrk.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "12" },
    after: { type: "string", default: "0" },
    connections: { type: "string", default: "32" },
    top: { type: "string", default: "20" },
  },
});
const COLD_REQUESTS = 2_000;
const WORKERS = { "data worker": "/src/proxy/exchange/exchange.ts", "ledger worker": "/src/ledger/writer/ledger.ts" };

interface Phase {
  readonly name: string;
  /** Monotonic, in microseconds. */
  readonly until: number;
  readonly requests: number;
}

const nowMicroseconds = (): number => Number(process.hrtime.bigint() / 1000n);

const directory = mkdtempSync(join(tmpdir(), "lmgate-profile-"));
const children = new Children();
try {
  const phases = await run();
  for (const [name, file] of Object.entries(WORKERS)) report(name, profileOf(file), phases);
} finally {
  children.endAll();
  rmSync(directory, { recursive: true, force: true });
}
process.exit();

async function run(): Promise<readonly Phase[]> {
  const upstreams = await startUpstreams(children, directory);
  const place = join(directory, "lmgate");
  mkdirSync(place);
  const profiled = lmgate({
    name: "lmgate",
    title: "LMGate",
    workers: 1,
    certificateAuthority: "",
    main: join(import.meta.dirname, "../src/cli/main.ts"),
    nodeFlags: ["--cpu-prof", "--cpu-prof-interval", "250", `--cpu-prof-dir=${directory}`],
  });
  const { running } = await startTimed(profiled, { children, directory: place, upstreams });
  const started = { name: "start", until: nowMicroseconds(), requests: 1 };
  await measureCold(running);
  const cold = { name: "first requests", until: nowMicroseconds(), requests: COLD_REQUESTS };
  const after = Number(values.after);
  const target = running.target(after > 0 ? "streams" : "openai");
  const { requests } = await runWrk({
    directory,
    seconds: Number(values.seconds),
    connections: Number(values.connections),
    url: `http://127.0.0.1:${target?.port}${target?.prefix}${CHAT_PATH}`,
    method: "POST",
    headers: { ...SDK_HEADERS, ...target?.headers },
    body: after > 0 ? directiveBody(`after=${after}`, false) : smallBody(),
  });
  const warm = { name: "warm", until: nowMicroseconds(), requests };
  await running.stop();
  process.stdout.write(
    `${requests} warm requests in ${values.seconds} s, ${values.connections} connections, upstream after ${after} ms; load average ${(loadavg()[0] ?? 0).toFixed(1)}\n`,
  );
  return [started, cold, warm];
}

/** The profile of the thread that has run code of this file. */
function profileOf(file: string): CpuProfile {
  for (const path of globSync(join(directory, "*.cpuprofile"))) {
    const profile = JSON.parse(readFileSync(path, "utf8")) as CpuProfile; // as: V8 wrote it
    const ran = profile.nodes.filter(({ callFrame }) => callFrame.url.endsWith(file));
    if (ran.length > 1) return profile;
  }
  throw new Error(`no profile has code of ${file}`);
}

function report(name: string, profile: CpuProfile, phases: readonly Phase[]): void {
  const samples = samplesOf(profile);
  const inPhase = phases.map(({ until }, index) =>
    samples.filter(({ at }) => at <= until && at > (phases[index - 1]?.until ?? 0)),
  );
  const perRequest = (part: readonly Sample[], index: number): string =>
    (part.reduce((sum, { microseconds }) => sum + microseconds, 0) / (phases[index]?.requests ?? 1)).toFixed(1);
  const kinds = kindsOf(samples);
  const rows = kinds.map((kind) => [
    kind,
    ...inPhase.map((part, index) =>
      perRequest(
        part.filter((sample) => sample.kind === kind),
        index,
      ),
    ),
  ]);
  const total = ["all", ...inPhase.map(perRequest)];
  const heads = phases.map(({ name: phase, requests }) => `${phase} (${requests})`);
  process.stdout.write(
    `\n## ${name}: µs per request\n\n${markdownTable([["kind of code", ...heads], ...rows, total])}\n`,
  );
  const warm = inPhase.at(-1) ?? [];
  const requests = phases.at(-1)?.requests ?? 1;
  const functions = functionsOf(warm).slice(0, Number(values.top));
  const lines = functions.map(([text, microseconds]) => [text, (microseconds / requests).toFixed(2)]);
  process.stdout.write(`\n${markdownTable([["function, by its own time when warm", "µs"], ...lines])}\n`);
}
