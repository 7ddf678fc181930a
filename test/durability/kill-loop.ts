/** Kills gateways under load, one after the other in one directory, and compares what clients received with the records. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { audit } from "../../src/ledger/tools/audit.ts";
import { startGateway, type GatewayOptions } from "../harness/gateway.ts";
import { Load, SteadyUpstream, type LoadRequest } from "./kill-load.ts";

export interface KillLoopOptions {
  readonly kills: number;
  readonly perSecond: number;
  readonly durability: "relaxed" | "written";
  /** The age from which a request must be known after a kill; 100 by default. */
  readonly minAgeMs?: number;
  readonly onKill?: (kill: Kill) => void;
}

export interface Kill {
  readonly requests: number;
  /** Responses that had arrived completely. */
  readonly finished: number;
  /** Those of them without a record of a complete response. */
  readonly missing: number;
  /** Those of the missing ones without any record. */
  readonly lost: number;
  /** How long before the kill the oldest of the missing ones had ended. */
  readonly missingSinceMs: number;
  /**
   * Requests that were running at the kill and had reached the provider more than `minAgeMs` before, and those of them
   * without a record. The client's clock is not used: a gateway without processor time may not have read a request yet.
   */
  readonly running: number;
  readonly unknown: number;
  /** Running requests below that age, and those of them that have a record nevertheless. */
  readonly recent: number;
  readonly recentRecorded: number;
}

export interface KillLoopResult {
  readonly kills: readonly Kill[];
  /** Duplicate records, and records without a request. */
  readonly surplus: number;
  /** The result of `lmgate ledger verify`, and the number of its unexplained gaps and bad lines. */
  readonly isSound: boolean;
  readonly unexplained: number;
}

const MIN_AGE_MS = 100;
/** Each gateway runs for this long, plus a random time. */
const RUN_MS = 700;
const RUN_SPREAD_MS = 900;
/** It also runs until one request has been running for this long. */
const LONGEST_MS = 700;
const MAX_TRIES = 400;

type Config = NonNullable<GatewayOptions["config"]>;

interface Run {
  readonly requests: readonly LoadRequest[];
  readonly killedAt: number;
}

export async function killLoop(options: KillLoopOptions): Promise<KillLoopResult> {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-kills-"));
  const statsPath = join(directory, "stats.jsonl");
  const upstream = await SteadyUpstream.start();
  const config = {
    stats: { output_path: statsPath, durability: options.durability },
    providers: { openai: { upstream: upstream.url } },
  };
  const kills: Kill[] = [];
  let runs: readonly Run[] = [];
  try {
    for (let kill = 0; kill < options.kills; kill++) {
      const last = await run({ config, perSecond: options.perSecond, first: nextNumber(runs) }, () => upstream.reached);
      runs = [...runs, last];
      // The next start recovers what the killed one left.
      await (await startGateway({ config })).stop();
      const counted = compare(last, upstream.reached, outcomes(statsPath).byNumber, options.minAgeMs ?? MIN_AGE_MS);
      kills.push(counted);
      options.onKill?.(counted);
    }
    const { surplus } = outcomes(statsPath);
    const events = join(directory, "ledger-events.jsonl");
    const found = audit({
      files: [statsPath],
      last: undefined,
      events,
      complete: true,
      live: false,
      onRead: () => undefined,
    });
    const unexplained = found.holes.filter(({ explained }) => !explained).length + found.faultCount;
    return { kills, surplus, isSound: found.ok, unexplained };
  } finally {
    upstream.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function nextNumber(runs: readonly Run[]): number {
  return (runs.at(-1)?.requests.at(-1)?.n ?? 0) + 1;
}

interface RunOptions {
  readonly config: Config;
  readonly perSecond: number;
  readonly first: number;
}

async function run({ config, perSecond, first }: RunOptions, reached: () => ReadonlyMap<number, number>): Promise<Run> {
  const gateway = await startGateway({ config });
  const load = new Load(gateway.port, perSecond, first);
  await delay(RUN_MS + Math.random() * RUN_SPREAD_MS);
  // On a busy machine nothing may have happened in that time.
  const longest = (): number =>
    Math.max(0, ...load.running.map(({ n }) => performance.now() - (reached().get(n) ?? Infinity)));
  for (let tries = 0; longest() < LONGEST_MS && tries < MAX_TRIES; tries++) await delay(50);
  const killedAt = performance.now();
  gateway.signal("SIGKILL");
  await gateway.exited();
  await load.stop();
  await gateway.stop();
  return { requests: load.requests, killedAt };
}

/** The error type in the record of each request, by its number. */
function outcomes(statsPath: string): {
  readonly byNumber: ReadonlyMap<number, string | null>;
  readonly surplus: number;
} {
  const byNumber = new Map<number, string | null>();
  let surplus = 0;
  for (const line of readFileSync(statsPath, "utf8").split("\n")) {
    if (line === "") continue;
    const { endpoint, error_type } = JSON.parse(line) as RequestRecord; // as: written by the gateway under test
    const n = Number(endpoint.split("/").at(-1));
    if (byNumber.has(n)) surplus++;
    byNumber.set(n, error_type);
  }
  return { byNumber, surplus };
}

function compare(
  { requests, killedAt }: Run,
  reached: ReadonlyMap<number, number>,
  records: ReadonlyMap<number, string | null>,
  minAgeMs: number,
): Kill {
  const finished = requests.filter(({ endedAt }) => endedAt !== undefined);
  const missing = finished.filter(({ n }) => records.get(n) !== null);
  const open = requests.filter(({ endedAt }) => endedAt === undefined);
  const isOld = ({ n }: LoadRequest): boolean => killedAt - (reached.get(n) ?? killedAt) > minAgeMs;
  const running = open.filter(isOld);
  const recent = open.filter((request) => !isOld(request));
  return {
    requests: requests.length,
    finished: finished.length,
    missing: missing.length,
    lost: missing.filter(({ n }) => !records.has(n)).length,
    missingSinceMs: Math.max(0, ...missing.map(({ endedAt }) => killedAt - (endedAt ?? killedAt))),
    running: running.length,
    unknown: running.filter(({ n }) => !records.has(n)).length,
    recent: recent.length,
    recentRecorded: recent.filter(({ n }) => records.has(n)).length,
  };
}
