import { setTimeout as delay } from "node:timers/promises";
import { measureMemory, measureSlowReaders, residentBytes } from "./memory.ts";
import type { Proxy, RunningProxy } from "./proxy.ts";
import { addAbsence } from "./results.ts";
import { attempt, turned, type Measured, type Scene } from "./fixture.ts";
import { startTimed } from "./start-up.ts";

/** What an idle proxy's memory needs to come to rest. */
const IDLE_MS = 4_000;

/** Fresh processes each round: how fast they start, and what memory they take. */
export async function runStarts(scene: Scene): Promise<void> {
  const proxies = scene.proxies.filter(({ name }) => name !== "direct");
  for (let round = 1; round <= scene.rounds; round++) {
    scene.say(`start-up and memory, round ${round} of ${scene.rounds}`);
    const started = new Map<Proxy, RunningProxy>();
    for (const proxy of turned(proxies, round)) {
      await attempt(scene, "start", proxy, async () => {
        const { running, milliseconds } = await startTimed(proxy, scene.stage(proxy));
        started.set(proxy, running);
        return { ms: milliseconds };
      });
    }
    await delay(IDLE_MS);
    for (const [proxy, running] of started) {
      await attempt(scene, "memory", proxy, () => Promise.resolve(idleMemory(running)));
    }
    for (const [proxy, running] of started) {
      if (running.target("tls-streams") === undefined) {
        addAbsence(scene.results, "memory.per-tls-streams", proxy.name, "speaks no TLS");
      }
      await attempt(scene, "memory", proxy, () => measureMemory(running, ["streams", "tls-streams"]));
      await attempt(scene, "memory", proxy, () => measureSlowReaders(running));
      await running.stop();
    }
  }
}

function idleMemory(running: RunningProxy): Measured {
  const idle = residentBytes(running.pids("openai"));
  const helpers = running.helpers?.() ?? [];
  return helpers.length === 0 ? { idle } : { idle, helpers: residentBytes(helpers) };
}
