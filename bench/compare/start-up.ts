import { setTimeout as delay } from "node:timers/promises";
import type { Proxy, RunningProxy, StartContext } from "./proxy.ts";
import { requestOnce } from "./raw-request.ts";
import { requestBytes } from "./target.ts";
import { smallBody } from "./workloads.ts";

/** A proxy that takes longer has failed to start. */
const DEADLINE_MS = 30_000;
/** Between two attempts: the resolution of the result. */
const PAUSE_MS = 1;

/** Starts a proxy and measures the time from there to its first response with status 200. */
export async function startTimed(
  proxy: Proxy,
  context: StartContext,
): Promise<{ running: RunningProxy; milliseconds: number }> {
  const startedAt = performance.now();
  const running = await proxy.start(context);
  const target = running.target("openai");
  if (target === undefined) {
    await running.stop();
    throw new Error(`${proxy.title} has no target "openai"`);
  }
  const request = requestBytes(target, smallBody());
  let status: number | undefined;
  while (status !== 200) {
    if (performance.now() - startedAt > DEADLINE_MS) {
      await running.stop();
      throw new Error(
        `${proxy.title} served no request within ${DEADLINE_MS / 1000} s (last status: ${status ?? "none"})`,
      );
    }
    status = await requestOnce(target.port, request);
    if (status !== 200) await delay(PAUSE_MS);
  }
  return { running, milliseconds: performance.now() - startedAt };
}
