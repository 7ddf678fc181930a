// Measures what `stats.durability: written` costs compared with `relaxed`: CPU time per request under load, and the latency
// of a single client. Both gateways run in front of the same upstream and are measured in turn; medians of the rounds.
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
import { median, percentile } from "./statistics.ts";
import { runWrk } from "./wrk.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "3" } },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const SINGLE_REQUESTS = 1_000;
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
  const head = [
    "durability",
    "CPU per request, µs",
    "requests/s, 32 connections",
    "single client p50, ms",
    "single client p99, ms",
  ];
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
  if (errors > 0) throw new Error(`${errors} requests failed`);
  const cpu = (cpuMicroseconds(gateway.pid) - before) / requests;
  const times = await singleRequestTimes(gateway);
  return { cpu, perSecond: requestsPerSecond, p50: percentile(times, 50), p99: percentile(times, 99) };
}

/** Sends requests one after the other; resolves to the milliseconds that each took. */
async function singleRequestTimes(gateway: Gateway): Promise<number[]> {
  const socket = connect({ host: "127.0.0.1", port: gateway.port, noDelay: true });
  await once(socket, "connect");
  const request = `GET /openai/v1/models/1 HTTP/1.1\r\nHost: lmgate.test\r\nAuthorization: Bearer ${testKey.key}\r\n\r\n`;
  const times: number[] = [];
  for (let n = 0; n < SINGLE_REQUESTS; n++) {
    const started = performance.now();
    socket.write(request);
    let response = "";
    while (!response.endsWith('"end":true}')) {
      const [bytes] = (await once(socket, "data")) as [Buffer]; // as: a socket without an encoding emits buffers
      response += bytes.toString("latin1");
    }
    times.push(performance.now() - started);
  }
  socket.destroy();
  return times;
}

function summary(level: string, all: readonly Round[]): readonly string[] {
  const medianOf = (pick: (round: Round) => number): number => median(all.map(pick));
  return [
    level,
    medianOf(({ cpu }) => cpu).toFixed(1),
    medianOf(({ perSecond }) => perSecond).toFixed(0),
    medianOf(({ p50 }) => p50).toFixed(3),
    medianOf(({ p99 }) => p99).toFixed(3),
  ];
}
