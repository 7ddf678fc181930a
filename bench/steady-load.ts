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
 * Sends requests at a fixed rate and resolves to the milliseconds from the time at which each was due to the end of its
 * response. The rate does not depend on responses, so that a pause delays every request that was due in it.
 */
export async function steadyLoad(load: SteadyLoad): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const count = load.perSecond * load.seconds;
  const responses: Promise<number>[] = [];
  const started = performance.now();
  while (responses.length < count) {
    const due = started + (responses.length * 1000) / load.perSecond;
    if (due <= performance.now()) responses.push(sendRequest(load, agent, due));
    // A late timer does not lower the rate: requests that became due meanwhile are sent at once.
    else await delay(1);
  }
  const times = await Promise.all(responses);
  agent.destroy();
  return times;
}

function sendRequest({ url, headers, body }: SteadyLoad, agent: Agent, due: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.on("end", () => {
        if (response.statusCode === 200) resolve(performance.now() - due);
        else reject(new Error(`status ${response.statusCode}`));
      });
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
