import { setTimeout as delay } from "node:timers/promises";
import type { Proxy, RunningProxy, Stage } from "./proxy.ts";
import { callOnce } from "./raw-request.ts";
import { requestBytes } from "./target.ts";
import { smallBody } from "./workloads.ts";

const DEADLINE_MS = 30_000;
const PAUSE_MS = 1;

/** Starts a proxy; says how long it took from then to the first call it served. */
export async function startTimed(proxy: Proxy, stage: Stage): Promise<{ running: RunningProxy; milliseconds: number }> {
  const begun = performance.now();
  const running = await proxy.start(stage);
  const target = running.target("openai");
  if (target === undefined) throw new Error(`${proxy.title} serves nothing`);
  const request = requestBytes(target, smallBody());
  let status: number | undefined;
  while (status !== 200) {
    if (performance.now() - begun > DEADLINE_MS) {
      await running.stop();
      throw new Error(
        `${proxy.title} served no call within ${DEADLINE_MS / 1000} s (last status: ${status ?? "none"})`,
      );
    }
    if (status !== undefined || performance.now() - begun > 1) await delay(PAUSE_MS);
    status = await callOnce(target.port, request);
  }
  return { running, milliseconds: performance.now() - begun };
}
