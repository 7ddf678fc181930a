import { cpuMicroseconds } from "../cpu-time.ts";
import { runWrk } from "../wrk.ts";
import type { Measurements } from "./comparison.ts";
import type { RunningProxy } from "./proxy.ts";
import { RawClient } from "./raw-request.ts";
import { CHAT_PATH, requestBytes, SDK_HEADERS, type Target } from "./target.ts";
import { smallBody } from "./workloads.ts";

const COLD_REQUESTS = 2_000;
const MANY_REQUESTS = 100_000;
const CONNECTIONS = 32;
const LOAD_SECONDS = 5;

/** CPU time of the first requests of a fresh process: its code is not compiled yet. */
export async function measureCold(running: RunningProxy): Promise<Measurements> {
  const target = openaiOf(running);
  const used = (): number => running.pids("openai").reduce((sum, pid) => sum + cpuMicroseconds(pid), 0);
  const before = used();
  await sendMany(target, COLD_REQUESTS);
  return { "first-requests": (used() - before) / COLD_REQUESTS };
}

/** Sends so many requests as fast as possible that a proxy's memory has grown as far as it will. */
export async function loadLong(running: RunningProxy, directory: string): Promise<void> {
  const target = openaiOf(running);
  for (let sent = 0; sent < MANY_REQUESTS;) {
    const { requests } = await runWrk({
      directory,
      seconds: LOAD_SECONDS,
      connections: CONNECTIONS,
      url: `http://127.0.0.1:${target.port}${target.prefix}${CHAT_PATH}`,
      method: "POST",
      headers: { ...SDK_HEADERS, ...target.headers },
      body: smallBody(),
    });
    if (requests === 0) throw new Error("no request got a response");
    sent += requests;
  }
}

function openaiOf(running: RunningProxy): Target {
  const target = running.target("openai");
  if (target === undefined) throw new Error('there is no target "openai"');
  return target;
}

/** Sends requests on several connections, one after the other on each. */
async function sendMany(target: Target, count: number): Promise<void> {
  const request = requestBytes(target, smallBody());
  let left = count;
  const connection = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const next = (): void => {
        if (left-- > 0) client.send(request);
        else {
          client.close();
          resolve();
        }
      };
      const client: RawClient = new RawClient(target.port, {
        onEnd: (status) => (status === 200 ? next() : reject(new Error(`status ${status}`))),
        onError: reject,
      });
      next();
    });
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
}
