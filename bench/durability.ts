// What `stats.durability: written` costs beside `relaxed`: CPU time of a call under load, and the time that a lone client
// waits. Both gateways run side by side before the same provider, in alternation; medians of the rounds.
//
//   npm run bench:durability [-- --rounds 5 --seconds 3]
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SteadyUpstream } from "../test/durability/kill-load.ts";
import { startGateway, testKey, type Gateway } from "../test/harness/gateway.ts";
import { cpuMicroseconds } from "./cpu-time.ts";
import { markdownTable } from "./markdown-table.ts";
import { runWrk } from "./wrk.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "3" } },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const CALLS_ALONE = 1_000;
const LEVELS = ["relaxed", "written"] as const;

interface Round {
  readonly cpu: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

if (spawnSync("sh", ["-c", "command -v wrk"]).status !== 0) {
  process.stderr.write("bench:durability needs wrk: apt-get install wrk\n");
  process.exit(1);
}
const directory = mkdtempSync(join(tmpdir(), "lmgate-bench-"));
const upstream = await SteadyUpstream.start();
try {
  const gateways = await Promise.all(LEVELS.map(start));
  const measured = new Map<string, Round[]>(LEVELS.map((level) => [level, []]));
  // The first round warms both up.
  for (let round = 0; round <= rounds; round++) {
    for (const [at, level] of LEVELS.entries()) {
      const gateway = gateways[at];
      if (gateway === undefined) continue;
      const result = await measure(gateway);
      if (round > 0) measured.get(level)?.push(result);
    }
  }
  const figures = LEVELS.map((level) => summary(level, measured.get(level) ?? []));
  const head = ["durability", "CPU of a call, µs", "calls/s, 32 connections", "alone p50, ms", "alone p99, ms"];
  console.log(markdownTable([head, ...figures]));
  await Promise.all(gateways.map((gateway) => gateway.stop()));
} finally {
  upstream.stop();
  rmSync(directory, { recursive: true, force: true });
}

function start(durability: (typeof LEVELS)[number]): Promise<Gateway> {
  return startGateway({ config: { stats: { durability }, providers: { openai: { upstream: upstream.url } } } });
}

async function measure(gateway: Gateway): Promise<Round> {
  const before = cpuMicroseconds(gateway.pid);
  const { requests, requestsPerSecond, errors } = await runWrk({
    url: `${gateway.url}/openai/v1/models/1`,
    directory,
    connections: 32,
    seconds,
    method: "GET",
    headers: { Authorization: `Bearer ${testKey.key}` },
    body: "",
  });
  if (errors > 0) throw new Error(`${errors} calls failed`);
  const cpu = (cpuMicroseconds(gateway.pid) - before) / requests;
  const times = (await alone(gateway)).toSorted((one, other) => one - other);
  const at = (part: number): number => times[Math.floor(times.length * part)] ?? 0;
  return { cpu, perSecond: requestsPerSecond, p50: at(0.5), p99: at(0.99) };
}

/** How long each of some calls takes that come one after the other, in milliseconds. */
async function alone(gateway: Gateway): Promise<number[]> {
  const socket = connect({ host: "127.0.0.1", port: gateway.port, noDelay: true });
  await once(socket, "connect");
  const request = `GET /openai/v1/models/1 HTTP/1.1\r\nHost: gate.test\r\nAuthorization: Bearer ${testKey.key}\r\n\r\n`;
  const times: number[] = [];
  for (let n = 0; n < CALLS_ALONE; n++) {
    const started = performance.now();
    socket.write(request);
    let answer = "";
    while (!answer.endsWith('"end":true}')) {
      const [bytes] = (await once(socket, "data")) as [Buffer]; // what a socket without an encoding emits
      answer += bytes.toString("latin1");
    }
    times.push(performance.now() - started);
  }
  socket.destroy();
  return times;
}

function summary(level: string, all: readonly Round[]): readonly string[] {
  const median = (pick: (round: Round) => number): number => {
    const sorted = all.map(pick).toSorted((one, other) => one - other);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  };
  return [
    level,
    median(({ cpu }) => cpu).toFixed(1),
    median(({ perSecond }) => perSecond).toFixed(0),
    median(({ p50 }) => p50).toFixed(3),
    median(({ p99 }) => p99).toFixed(3),
  ];
}
