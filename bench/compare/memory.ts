import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { withDeadline } from "./deadline.ts";
import type { RunningProxy } from "./proxy.ts";
import { requestOnce, RawClient } from "./raw-request.ts";
import type { Measurements } from "./comparison.ts";
import { StreamLoad } from "./stream-load.ts";
import { requestBytes, directiveBody, type Route, type Target } from "./target.ts";

const STREAMS = 1_000;
/** Opened first and not counted: they make V8's young generation grow, which happens once. */
const FIRST_STREAMS = 500;
const SETTLE_MS = 700;
const SLOW_READERS = 20;
const SLOW_BYTES = 50_000_000;
const SLOW_MS = 1_500;
/** How often a slow reader reads. */
const READ_INTERVAL_MS = 100;
const POLL_MS = 50;

/** Resident memory of all these processes, in bytes. */
export function residentBytes(pids: readonly number[], field: "VmRSS" | "VmHWM" = "VmRSS"): number {
  return pids.reduce((sum, pid) => {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return sum + Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  }, 0);
}

/** Measures the memory that a fresh proxy uses per open, idle stream. */
export async function measureMemory(proxy: RunningProxy, routes: readonly Route[]): Promise<Measurements> {
  const open: StreamLoad[] = [];
  const figures: Record<string, number> = {};
  try {
    for (const route of routes) {
      const target = proxy.target(route);
      if (target === undefined) continue;
      const openStreams = async (count: number): Promise<void> => {
        const load = new StreamLoad();
        open.push(load);
        await load.open(target, count, "hold");
        await delay(SETTLE_MS);
      };
      await openStreams(FIRST_STREAMS);
      const before = residentBytes(proxy.pids(route));
      await openStreams(STREAMS);
      figures[`per-${route}`] = (residentBytes(proxy.pids(route)) - before) / STREAMS;
    }
    return figures;
  } finally {
    for (const load of open) load.close();
  }
}

/** Measures memory growth while large responses wait for slow clients, and the peak since the start. */
export async function measureSlowReaders(proxy: RunningProxy): Promise<Measurements> {
  const pids = proxy.pids("streams");
  const target = proxy.target("streams");
  if (target === undefined) throw new Error("the proxy does not reach the upstream");
  await delay(SETTLE_MS);
  const growth = await growthWithSlowReaders(target, () => residentBytes(pids));
  return { "slow-readers": growth, peak: residentBytes(pids, "VmHWM") };
}

async function growthWithSlowReaders(target: Target, resident: () => number): Promise<number> {
  const request = requestBytes(target, directiveBody(`size=${SLOW_BYTES}`, false));
  // The first large response is not counted: it allocates buffers that every proxy keeps.
  const status = await withDeadline(requestOnce(target.port, request), 10_000, "a response of 50 MB");
  if (status !== 200)
    throw new Error(`a response of 50 MB: ${status === undefined ? "no response" : `status ${status}`}`);
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
  const readTimer = setInterval(() => {
    for (const { socket } of readers) socket.resume();
  }, READ_INTERVAL_MS);
  try {
    let highest = 0;
    for (let waited = 0; waited < SLOW_MS; waited += POLL_MS) {
      await Promise.race([delay(POLL_MS), failed.promise]);
      highest = Math.max(highest, resident() - before);
    }
    return highest;
  } finally {
    clearInterval(readTimer);
    for (const reader of readers) reader.close();
  }
}
