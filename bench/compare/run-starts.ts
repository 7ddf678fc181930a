import { setTimeout as delay } from "node:timers/promises";
import { loadLong, measureCold } from "./cold.ts";
import { measureMemory, measureSlowReaders, residentBytes } from "./memory.ts";
import { LMGATE } from "./proxies.ts";
import type { Proxy, RunningProxy } from "./proxy.ts";
import { addAbsence } from "./results.ts";
import { attempt, rotated, type Measurements, type Comparison } from "./comparison.ts";
import { startTimed } from "./start-up.ts";

/** Time until the memory of an idle proxy is stable. */
const IDLE_MS = 4_000;

/** Starts fresh processes in each round and measures start-up time and memory. */
export async function runStarts(comparison: Comparison): Promise<void> {
  const proxies = comparison.proxies.filter(({ name }) => name !== "direct");
  for (let round = 1; round <= comparison.rounds; round++) {
    comparison.info(`start-up and memory, round ${round} of ${comparison.rounds}`);
    const started = new Map<Proxy, RunningProxy>();
    for (const proxy of rotated(proxies, round)) {
      await attempt(comparison, "start", proxy, async () => {
        const { running, milliseconds } = await startTimed(proxy, comparison.startContext(proxy));
        started.set(proxy, running);
        return { ms: milliseconds };
      });
    }
    await delay(IDLE_MS);
    for (const [proxy, running] of started) {
      await attempt(comparison, "memory", proxy, () => Promise.resolve(idleMemory(running)));
    }
    for (const [proxy, running] of started) {
      await attempt(comparison, "cold", proxy, () => measureCold(running));
    }
    for (const [proxy, running] of started) {
      if (running.target("tls-streams") === undefined) {
        addAbsence(comparison.results, "memory.per-tls-streams", proxy.name, "does not support TLS");
      }
      await attempt(comparison, "memory", proxy, () => measureMemory(running, ["streams", "tls-streams"]));
      await attempt(comparison, "memory", proxy, () => measureSlowReaders(running));
      await running.stop();
      if (proxy.name === LMGATE) await attempt(comparison, "memory", proxy, () => memoryAfterMany(comparison, proxy));
    }
  }
}

function idleMemory(running: RunningProxy): Measurements {
  return { idle: memoryOf(running) };
}

async function memoryAfterMany(comparison: Comparison, proxy: Proxy): Promise<Measurements> {
  const { running } = await startTimed(proxy, comparison.startContext(proxy));
  try {
    await loadLong(running, comparison.directory);
    await delay(IDLE_MS);
    return { "after-many": memoryOf(running) };
  } finally {
    await running.stop();
  }
}

/** Of all its processes. */
function memoryOf(running: RunningProxy): number {
  return residentBytes([...running.pids("openai"), ...(running.helpers?.() ?? [])]);
}
