/** Kills gateways under load, one after the other in one directory, and compares what clients saw with what was recorded. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { audit } from "../../src/ledger/tools/audit.ts";
import { startGateway, type GatewayOptions } from "../harness/gateway.ts";
import { Load, SteadyUpstream, type LoadCall } from "./kill-load.ts";

export interface KillLoopOptions {
  readonly kills: number;
  readonly perSecond: number;
  readonly durability: "relaxed" | "written";
  /** From what age on a call should be known; 100 unless told. */
  readonly oldMs?: number;
  readonly onKill?: (kill: Kill) => void;
}

export interface Kill {
  readonly calls: number;
  /** Answers that had arrived as a whole. */
  readonly finished: number;
  /** Of them, those without a record that says so. */
  readonly missing: number;
  /** Of these, those without any record. */
  readonly lost: number;
  /** How long before the kill the oldest of those missing had ended. */
  readonly missingSinceMs: number;
  /**
   * Calls on their way at the kill that had reached the provider more than `oldMs` before, and those of them without a
   * record. By the client's clock a call may be older and yet unread by a gateway that lacks processor time.
   */
  readonly running: number;
  readonly unknown: number;
  /** Younger ones, and those of them that are known all the same. */
  readonly young: number;
  readonly youngKnown: number;
}

export interface KillLoopResult {
  readonly kills: readonly Kill[];
  /** Records of calls that nobody made, or of one call twice. */
  readonly surplus: number;
  /** What `lmgate ledger verify` says of it all. */
  readonly whole: boolean;
  readonly unexplained: number;
}

const OLD_MS = 100;
/** Each runs for so long, and up to this much longer. */
const RUN_MS = 700;
const RUN_SPREAD_MS = 900;
/** Or until a call has been running for so long. */
const LONGEST_MS = 700;
const MAX_TRIES = 400;

type Config = NonNullable<GatewayOptions["config"]>;

interface Run {
  readonly calls: readonly LoadCall[];
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
      // The next start finds what the last one left.
      await (await startGateway({ config })).stop();
      const counted = compare(last, upstream.reached, outcomes(statsPath).byNumber, options.oldMs ?? OLD_MS);
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
    return { kills, surplus, whole: found.ok, unexplained };
  } finally {
    upstream.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function nextNumber(runs: readonly Run[]): number {
  return (runs.at(-1)?.calls.at(-1)?.n ?? 0) + 1;
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
  // On a busy machine that may have been too short for anything to happen.
  const longest = (): number =>
    Math.max(0, ...load.running.map(({ n }) => performance.now() - (reached().get(n) ?? Infinity)));
  for (let tries = 0; longest() < LONGEST_MS && tries < MAX_TRIES; tries++) await delay(50);
  const killedAt = performance.now();
  gateway.signal("SIGKILL");
  await gateway.exited();
  await load.stop();
  await gateway.stop();
  return { calls: load.calls, killedAt };
}

/** What became of each call, by its number. */
function outcomes(statsPath: string): {
  readonly byNumber: ReadonlyMap<number, string | null>;
  readonly surplus: number;
} {
  const byNumber = new Map<number, string | null>();
  let surplus = 0;
  for (const line of readFileSync(statsPath, "utf8").split("\n")) {
    if (line === "") continue;
    const { endpoint, error_type } = JSON.parse(line) as RequestRecord; // Written by the gateway under test.
    const n = Number(endpoint.split("/").at(-1));
    if (byNumber.has(n)) surplus++;
    byNumber.set(n, error_type);
  }
  return { byNumber, surplus };
}

function compare(
  { calls, killedAt }: Run,
  reached: ReadonlyMap<number, number>,
  records: ReadonlyMap<number, string | null>,
  oldMs: number,
): Kill {
  const finished = calls.filter(({ endedAt }) => endedAt !== undefined);
  const missing = finished.filter(({ n }) => records.get(n) !== null);
  const open = calls.filter(({ endedAt }) => endedAt === undefined);
  const isOld = ({ n }: LoadCall): boolean => killedAt - (reached.get(n) ?? killedAt) > oldMs;
  const running = open.filter(isOld);
  const young = open.filter((call) => !isOld(call));
  return {
    calls: calls.length,
    finished: finished.length,
    missing: missing.length,
    lost: missing.filter(({ n }) => !records.has(n)).length,
    missingSinceMs: Math.max(0, ...missing.map(({ endedAt }) => killedAt - (endedAt ?? killedAt))),
    running: running.length,
    unknown: running.filter(({ n }) => !records.has(n)).length,
    young: young.length,
    youngKnown: young.filter(({ n }) => records.has(n)).length,
  };
}
