import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

export interface SteadyLoad {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly perSecond: number;
  readonly seconds: number;
}

/**
 * Milliseconds from the moment at which each request was due to the end of its answer. The requests come at a fixed rate,
 * whatever becomes of the answers, so that a pause is seen by all who would have met it.
 */
export async function steadyLoad(load: SteadyLoad): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const count = load.perSecond * load.seconds;
  const answers: Promise<number>[] = [];
  const started = performance.now();
  while (answers.length < count) {
    const due = started + (answers.length * 1000) / load.perSecond;
    if (due <= performance.now()) answers.push(answered(load, agent, due));
    // A timer may be late by a millisecond; the requests that were due meanwhile are caught up with.
    else await delay(1);
  }
  const times = await Promise.all(answers);
  agent.destroy();
  return times;
}

function answered({ url, headers, body }: SteadyLoad, agent: Agent, due: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.on("end", () => {
        if (response.statusCode === 200) resolve(performance.now() - due);
        else reject(new Error(`answered ${response.statusCode}`));
      });
      response.on("error", reject);
    });
    call.on("error", reject);
    call.end(body);
  });
}

/** The nearest rank. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
