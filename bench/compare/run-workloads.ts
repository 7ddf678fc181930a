import { setTimeout as delay } from "node:timers/promises";
import { cpuMicroseconds } from "../cpu-time.ts";
import { Probe } from "./probe.ts";
import type { Proxy, RunningProxy } from "./proxy.ts";
import { addAbsence, emptyResults } from "./results.ts";
import { attempt, turned, type Measured, type Scene } from "./fixture.ts";
import { startTimed } from "./start-up.ts";
import type { Tools, Workload } from "./workloads.ts";

const WARM_UP_SHARE = 0.5;
const REST_MS = 200;
const REST_SHARE = 0.05;
const REST_DEADLINE_MS = 2_000;

/** All proxies stand side by side, and each workload asks them in turn. `share` is what a round takes of its full time. */
export async function runWorkloads(scene: Scene, workloads: readonly Workload[], share: number): Promise<void> {
  const running = new Map<Proxy, RunningProxy>();
  for (const proxy of scene.proxies) {
    await attempt(scene, "*", proxy, async () => {
      running.set(proxy, (await startTimed(proxy, scene.stage(proxy))).running);
      return {};
    });
  }
  const tools: Tools = { directory: scene.directory, probe: new Probe(scene.children) };
  for (const workload of workloads) {
    scene.say(workload.title);
    const measure = async (proxy: Proxy, seconds: number): Promise<Measured> =>
      measureOnce(tools, workload, running.get(proxy), seconds);
    const seconds = workload.seconds * share;
    // The first time makes code warm and counts for nothing, but a reason why it failed stays.
    const trial = { say: scene.say, results: { ...emptyResults(), absent: scene.results.absent } };
    let able = await filtered(ableOf(scene, workload, running), (proxy) =>
      attempt(trial, workload.name, proxy, () => measure(proxy, seconds * WARM_UP_SHARE)),
    );
    for (let round = 1; round <= scene.rounds; round++) {
      able = await filtered(turned(able, 1), (proxy) =>
        attempt(scene, workload.name, proxy, () => measure(proxy, seconds)),
      );
    }
  }
  for (const proxy of running.values()) await proxy.stop();
}

function ableOf(
  { results }: Scene,
  { name, route }: Workload,
  running: ReadonlyMap<Proxy, RunningProxy>,
): readonly Proxy[] {
  return [...running].flatMap(([proxy, { target }]) => {
    if (target(route) !== undefined) return [proxy];
    addAbsence(results, name, proxy.name, "speaks no TLS");
    return [];
  });
}

async function measureOnce(
  tools: Tools,
  workload: Workload,
  running: RunningProxy | undefined,
  seconds: number,
): Promise<Measured> {
  const target = running?.target(workload.route);
  if (running === undefined || target === undefined) throw new Error("not running");
  const pids = running.pids(workload.route);
  const helpers = running.helpers?.() ?? [];
  const helpersBefore = cpuOf(helpers);
  const measured = await workload.run(tools, { target, seconds, cpu: () => cpuOf(pids) });
  const { units = NaN, ...figures } = measured;
  if (pids.length === 0) return Object.fromEntries(Object.entries(figures).filter(([part]) => part !== "cpu"));
  if (helpers.length === 0) return figures;
  await atRest(helpers);
  return { ...figures, "helper-cpu": (cpuOf(helpers) - helpersBefore) / units };
}

function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuMicroseconds(pid), 0);
}

/** What a proxy's helpers still do must not fall into the next one's time. */
async function atRest(helpers: readonly number[]): Promise<void> {
  const deadline = performance.now() + REST_DEADLINE_MS;
  let before = cpuOf(helpers);
  while (performance.now() < deadline) {
    await delay(REST_MS);
    const now = cpuOf(helpers);
    if (now - before < REST_MS * 1000 * REST_SHARE) return;
    before = now;
  }
}

async function filtered<T>(list: readonly T[], keeps: (item: T) => Promise<boolean>): Promise<readonly T[]> {
  const kept: T[] = [];
  for (const item of list) if (await keeps(item)) kept.push(item);
  return kept;
}
