import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { withDeadline } from "./deadline.ts";
import type { RunningProxy } from "./proxy.ts";
import { callOnce, RawClient } from "./raw-request.ts";
import type { Measured } from "./fixture.ts";
import { StreamLoad } from "./stream-load.ts";
import { requestBytes, wishBody, type Route, type Target } from "./target.ts";

const STREAMS = 1_000;
/** Before them the space for short-lived objects grows, once. */
const FIRST_STREAMS = 500;
const SETTLE_MS = 700;
const SLOW_READERS = 20;
const SLOW_BYTES = 50_000_000;
const SLOW_MS = 1_500;
/** How often a slow reader takes what came. */
const SIP_MS = 100;
const LOOK_MS = 50;

/** Resident memory of all these processes together, in bytes. */
export function residentBytes(pids: readonly number[], field: "VmRSS" | "VmHWM" = "VmRSS"): number {
  return pids.reduce((sum, pid) => {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return sum + Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  }, 0);
}

/** What a fresh proxy takes for streams that stay open and say nothing; all of them stay to the end. */
export async function measureMemory(proxy: RunningProxy, routes: readonly Route[]): Promise<Measured> {
  const open: StreamLoad[] = [];
  const figures: Record<string, number> = {};
  try {
    for (const route of routes) {
      const target = proxy.target(route);
      if (target === undefined) continue;
      const hold = async (count: number): Promise<void> => {
        const load = new StreamLoad();
        open.push(load);
        await load.open(target, count, "hold");
        await delay(SETTLE_MS);
      };
      await hold(FIRST_STREAMS);
      const before = residentBytes(proxy.pids(route));
      await hold(STREAMS);
      figures[`per-${route}`] = (residentBytes(proxy.pids(route)) - before) / STREAMS;
    }
    return figures;
  } finally {
    for (const load of open) load.close();
  }
}

/** By how much memory grows while large answers wait for clients that read slowly; then what was its peak. */
export async function measureSlowReaders(proxy: RunningProxy): Promise<Measured> {
  const pids = proxy.pids("streams");
  const target = proxy.target("streams");
  if (target === undefined) throw new Error("no way to the upstream");
  await delay(SETTLE_MS);
  const growth = await growthWithSlowReaders(target, () => residentBytes(pids));
  return { "slow-readers": growth, peak: residentBytes(pids, "VmHWM") };
}

async function growthWithSlowReaders(target: Target, resident: () => number): Promise<number> {
  const request = requestBytes(target, wishBody(`size=${SLOW_BYTES}`, false));
  // Once at full speed: the first large answer makes buffers that every proxy keeps.
  const status = await withDeadline(callOnce(target.port, request), 10_000, "an answer of 50 MB");
  if (status !== 200) throw new Error(`an answer of 50 MB: ${status === undefined ? "none came" : `status ${status}`}`);
  await delay(SETTLE_MS);
  const before = resident();
  const failed = Promise.withResolvers<never>();
  const readers = Array.from({ length: SLOW_READERS }, () => {
    const client: RawClient = new RawClient(target.port, {
      onBody: () => client.socket.pause(),
      onError: (error) => failed.reject(error),
    });
    client.send(request);
    return client;
  });
  const sips = setInterval(() => {
    for (const { socket } of readers) socket.resume();
  }, SIP_MS);
  try {
    let most = 0;
    for (let waited = 0; waited < SLOW_MS; waited += LOOK_MS) {
      await Promise.race([delay(LOOK_MS), failed.promise]);
      most = Math.max(most, resident() - before);
    }
    return most;
  } finally {
    clearInterval(sips);
    for (const reader of readers) reader.close();
  }
}
