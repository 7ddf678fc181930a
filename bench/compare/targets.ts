/** LMGate's performance targets, and whether a run met them. */
import { LMGATE, LMGATE_TWO, NGINX, NO_PROXY } from "./proxies.ts";
import type { Results } from "./results.ts";
import { median } from "../statistics.ts";

export interface SpeedTarget {
  readonly what: string;
  readonly atMost: number;
  readonly aim: number;
  readonly unit: "" | "ms" | "MB" | "KB" | "requests";
  /** The measured values, one per round; empty if the run did not measure them. */
  readonly rounds: (results: Results) => readonly number[];
}

/** The units of memory that the kernel and `ps` use. */
const MB = 2 ** 20;
const KB = 2 ** 10;

export const TARGETS: readonly SpeedTarget[] = [
  {
    what: "CPU of a small request, relative to nginx",
    atMost: 3,
    aim: 2.1,
    unit: "",
    rounds: (results) => ratios(results, "small.cpu", LMGATE, NGINX),
  },
  {
    what: "the same, upstream responds after 100 ms, 200 connections",
    atMost: 3.4,
    aim: 2.5,
    unit: "",
    rounds: (results) => ratios(results, "slow.cpu", LMGATE, NGINX),
  },
  {
    what: "the same as the first, responses gzipped",
    atMost: 3.5,
    aim: 2.5,
    unit: "",
    rounds: (results) => ratios(results, "gzip.cpu", LMGATE, NGINX),
  },
  {
    what: "CPU of a chunk at 200 streams, relative to nginx",
    atMost: 1.3,
    aim: 1.15,
    unit: "",
    rounds: (results) => ratios(results, "sse-200.cpu", LMGATE, NGINX),
  },
  {
    what: "CPU of a chunk in Google's format, relative to OpenAI's",
    atMost: 1.1,
    aim: 1,
    unit: "",
    rounds: (results) => within(results, "sse-google.cpu", "sse-200.cpu"),
  },
  {
    what: "CPU of a chunk in Anthropic's format, relative to OpenAI's",
    atMost: 1.1,
    aim: 1,
    unit: "",
    rounds: (results) => within(results, "sse-anthropic.cpu", "sse-200.cpu"),
  },
  {
    what: "CPU of the first 2,000 requests of a process, relative to later ones",
    atMost: 1.5,
    aim: 1.2,
    unit: "",
    rounds: (results) => within(results, "cold.first-requests", "small.cpu"),
  },
  {
    what: "CPU of a small request, two data workers relative to one",
    atMost: 1.05,
    aim: 1,
    unit: "",
    rounds: (results) => ratios(results, "small.cpu", LMGATE_TWO, LMGATE),
  },
  { what: "memory, idle", atMost: 105, aim: 90, unit: "MB", rounds: (results) => scaled(results, "memory.idle", MB) },
  {
    what: "memory after 100,000 requests",
    atMost: 180,
    aim: 130,
    unit: "MB",
    rounds: (results) => scaled(results, "memory.after-many", MB),
  },
  {
    what: "memory of an open idle stream, plain upstream",
    atMost: 20,
    aim: 12,
    unit: "KB",
    rounds: (results) => scaled(results, "memory.per-streams", KB),
  },
  {
    what: "growth with 20 responses of 50 MB to slow readers",
    atMost: 30,
    aim: 10,
    unit: "MB",
    rounds: (results) => scaled(results, "memory.slow-readers", MB),
  },
  {
    what: "added time, p50, one request at a time",
    atMost: 0.05,
    aim: 0.03,
    unit: "ms",
    rounds: (results) => added(results, "latency.p50", LMGATE),
  },
  {
    what: "added time, p99, one request at a time",
    atMost: 0.25,
    aim: 0.1,
    unit: "ms",
    rounds: (results) => added(results, "latency.p99", LMGATE),
  },
  {
    what: "added time to the first byte of a stream, p99, beside 200 streams",
    atMost: 1.5,
    aim: 0.8,
    unit: "ms",
    rounds: (results) => added(results, "sse-200.p99", LMGATE),
  },
  {
    what: "from exec to the first served request",
    atMost: 300,
    aim: 200,
    unit: "ms",
    rounds: (results) => scaled(results, "start.ms", 1),
  },
  {
    what: "finished requests without a record after kill -9: the oldest finished so long before",
    atMost: 20,
    aim: 5,
    unit: "ms",
    rounds: (results) => scaled(results, "kills.relaxed-ms", 1),
  },
  {
    what: "the same with durability written: their number",
    atMost: 0,
    aim: 0,
    unit: "requests",
    rounds: (results) => scaled(results, "kills.written-missing", 1),
  },
];

/** Ratios of two proxies, round by round: other work on the machine affects both alike. */
export function ratios({ figures }: Results, figure: string, over: string, under: string): readonly number[] {
  const [upper = [], lower = []] = [figures[figure]?.[over], figures[figure]?.[under]];
  return upper.slice(0, lower.length).map((value, round) => value / (lower[round] ?? NaN));
}

/** Ratios of two figures of LMGate, round by round. */
function within({ figures }: Results, over: string, under: string): readonly number[] {
  const [upper = [], lower = []] = [figures[over]?.[LMGATE], figures[under]?.[LMGATE]];
  return upper.slice(0, lower.length).map((value, round) => value / (lower[round] ?? NaN));
}

/** The time that a proxy adds to the time without one, round by round. */
export function added({ figures }: Results, figure: string, proxy: string): readonly number[] {
  const [through = [], direct = []] = [figures[figure]?.[proxy], figures[figure]?.[NO_PROXY]];
  return through.slice(0, direct.length).map((value, round) => value - (direct[round] ?? NaN));
}

function scaled({ figures }: Results, figure: string, by: number): readonly number[] {
  return (figures[figure]?.[LMGATE] ?? []).map((value) => value / by);
}

/** True if a target was met; `undefined` if it was not measured. */
export function isMet(target: SpeedTarget, rounds: readonly number[]): boolean | undefined {
  return rounds.length === 0 ? undefined : median(rounds) <= target.atMost;
}
