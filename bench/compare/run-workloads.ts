import { setTimeout as delay } from "node:timers/promises";
import { cpuMicroseconds } from "../cpu-time.ts";
import { Probe } from "./probe.ts";
import type { Proxy, RunningProxy } from "./proxy.ts";
import { addAbsence, emptyResults } from "./results.ts";
import { attempt, rotated, type Measurements, type Comparison } from "./comparison.ts";
import { startTimed } from "./start-up.ts";
import type { Tools, Workload } from "./workloads.ts";

const WARM_UP_SHARE = 0.5;
const IDLE_MS = 200;
const IDLE_SHARE = 0.05;
const IDLE_DEADLINE_MS = 2_000;

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
    const measure = async (proxy: Proxy, seconds: number): Promise<Measurements> =>
      measureOnce(tools, workload, running.get(proxy), seconds);
    const seconds = workload.seconds * share;
    // The warm-up run is not counted, but the reason of a failure is kept.
    const trial = { info: comparison.info, results: { ...emptyResults(), absent: comparison.results.absent } };
    let supported = await filtered(proxiesSupporting(comparison, workload, running), (proxy) =>
      attempt(trial, workload.name, proxy, () => measure(proxy, seconds * WARM_UP_SHARE)),
    );
    for (let round = 1; round <= comparison.rounds; round++) {
      supported = await filtered(rotated(supported, 1), (proxy) =>
        attempt(comparison, workload.name, proxy, () => measure(proxy, seconds)),
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
  const helpers = running.helpers?.() ?? [];
  const helpersBefore = cpuOf(helpers);
  const measured = await workload.run(tools, { target, seconds, cpu: () => cpuOf(pids) });
  const { units = NaN, ...figures } = measured;
  if (pids.length === 0) return Object.fromEntries(Object.entries(figures).filter(([part]) => part !== "cpu"));
  if (helpers.length === 0) return figures;
  await waitUntilIdle(helpers);
  return { ...figures, "helper-cpu": (cpuOf(helpers) - helpersBefore) / units };
}

function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuMicroseconds(pid), 0);
}

/** The remaining work of a proxy's helper processes must not add to the next measurement. */
async function waitUntilIdle(helpers: readonly number[]): Promise<void> {
  const deadline = performance.now() + IDLE_DEADLINE_MS;
  let before = cpuOf(helpers);
  while (performance.now() < deadline) {
    await delay(IDLE_MS);
    const now = cpuOf(helpers);
    if (now - before < IDLE_MS * 1000 * IDLE_SHARE) return;
    before = now;
  }
}

async function filtered<T>(list: readonly T[], keep: (item: T) => Promise<boolean>): Promise<readonly T[]> {
  const kept: T[] = [];
  for (const item of list) if (await keep(item)) kept.push(item);
  return kept;
}
