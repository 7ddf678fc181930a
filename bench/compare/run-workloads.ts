import { setTimeout as delay } from "node:timers/promises";
import { cpuMicroseconds } from "../cpu-time.ts";
import { Probe } from "./probe.ts";
import type { Proxy, RunningProxy } from "./proxy.ts";
import { addAbsence, emptyResults } from "./results.ts";
import { attempt, rotated, type Measurements, type Comparison } from "./comparison.ts";
import { startTimed } from "./start-up.ts";
import type { Tools, Workload } from "./workloads.ts";

const WARM_UP_SHARE = 0.5;
const WARM_UP_LIMIT_MS = 25_000;
const IDLE_MS = 200;
const IDLE_SHARE = 0.05;
const IDLE_DEADLINE_MS = 60_000;

/** Runs all proxies at the same time and measures each workload on them in turn. `share` shortens the rounds. */
export async function runWorkloads(
  comparison: Comparison,
  workloads: readonly Workload[],
  share: number,
): Promise<void> {
  const running = new Map<Proxy, RunningProxy>();
  for (const proxy of comparison.proxies) {
    await attempt(comparison, "*", proxy, async () => {
      running.set(proxy, (await startTimed(proxy, comparison.startContext(proxy))).running);
      return {};
    });
  }
  const tools: Tools = { directory: comparison.directory, probe: new Probe(comparison.children) };
  for (const workload of workloads) {
    comparison.info(workload.title);
    const measure = (proxy: Proxy, length: number): Promise<Measurements> =>
      measureOnce(tools, workload, running.get(proxy), length);
    const seconds = workload.seconds * share;
    // The warm-up is not counted, but the reason of a failure is kept.
    const trial = { info: comparison.info, results: { ...emptyResults(), absent: comparison.results.absent } };
    let supported = await filtered(proxiesSupporting(comparison, workload, running), (proxy) =>
      attempt(trial, workload.name, proxy, () => warmUp(workload, (length) => measure(proxy, length), share)),
    );
    for (let round = 1; round <= comparison.rounds; round++) {
      supported = await filtered(rotated(supported, 1), (proxy) =>
        attempt(comparison, workload.name, proxy, async () => {
          const { units: _, ...figures } = await measure(proxy, seconds);
          return figures;
        }),
      );
    }
  }
  for (const proxy of running.values()) await proxy.stop();
}

function proxiesSupporting(
  { results }: Comparison,
  { name, route }: Workload,
  running: ReadonlyMap<Proxy, RunningProxy>,
): readonly Proxy[] {
  return [...running].flatMap(([proxy, { target }]) => {
    if (target(route) !== undefined) return [proxy];
    addAbsence(results, name, proxy.name, "does not support TLS");
    return [];
  });
}

async function measureOnce(
  tools: Tools,
  workload: Workload,
  running: RunningProxy | undefined,
  seconds: number,
): Promise<Measurements> {
  const target = running?.target(workload.route);
  if (running === undefined || target === undefined) throw new Error("not running");
  const pids = running.pids(workload.route);
  const helpers = (): readonly number[] => running.helpers?.() ?? [];
  const helpersBefore = cpuOf(helpers());
  const measured = await workload.run(tools, { target, seconds, cpu: () => cpuOf(pids) });
  if (pids.length === 0) return Object.fromEntries(Object.entries(measured).filter(([part]) => part !== "cpu"));
  const { units = NaN, cpu = NaN } = measured;
  await waitUntilIdle(helpers);
  return { ...measured, cpu: cpu + (cpuOf(helpers()) - helpersBefore) / units };
}

/** Runs the workload until it has sent what warms a proxy up, but not for ever. */
async function warmUp(
  { warmUpUnits = 0, seconds }: Workload,
  measure: (seconds: number) => Promise<Measurements>,
  share: number,
): Promise<Measurements> {
  const deadline = performance.now() + WARM_UP_LIMIT_MS * share;
  let units = 0;
  let measured: Measurements;
  do {
    measured = await measure(seconds * (warmUpUnits > 0 ? 1 : WARM_UP_SHARE * share));
    units += measured["units"] ?? 0;
  } while (units < warmUpUnits && performance.now() < deadline);
  return measured;
}

function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuMicroseconds(pid), 0);
}

/** The work that a proxy's helper processes have left belongs to this measurement, and not to the next one. */
async function waitUntilIdle(helpers: () => readonly number[]): Promise<void> {
  if (helpers().length === 0) return;
  const deadline = performance.now() + IDLE_DEADLINE_MS;
  let before = cpuOf(helpers());
  while (performance.now() < deadline) {
    await delay(IDLE_MS);
    const now = cpuOf(helpers());
    if (now - before < IDLE_MS * 1000 * IDLE_SHARE) return;
    before = now;
  }
}

async function filtered<T>(list: readonly T[], keep: (item: T) => Promise<boolean>): Promise<readonly T[]> {
  const kept: T[] = [];
  for (const item of list) if (await keep(item)) kept.push(item);
  return kept;
}
