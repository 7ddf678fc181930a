import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Children } from "./children.ts";
import { withDeadline } from "./deadline.ts";
import type { ProbeRequest, ProbeReport } from "./prober.ts";
import { requestBytes, type Target } from "./target.ts";

const GRACE_MS = 20_000;

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly requests: number;
}

/** The client that measures times. Its process runs as long as the benchmark, so that its code is warm. */
export class Probe {
  readonly #child: ChildProcess;

  constructor(children: Children) {
    this.#child = children.adopt(fork(join(import.meta.dirname, "prober.ts")));
  }

  async measure(target: Target, body: string, pace: Pick<ProbeRequest, "milliseconds" | "pauseMs">): Promise<Latency> {
    const probeRequest: ProbeRequest = {
      port: target.port,
      request: requestBytes(target, body).toString("latin1"),
      ...pace,
    };
    this.#child.send(probeRequest);
    const [report] = (await withDeadline(once(this.#child, "message"), pace.milliseconds + GRACE_MS, "a probe")) as [
      ProbeReport,
    ]; // as: prober.ts sends this
    if ("error" in report) throw new Error(report.error);
    return report;
  }
}
