import { readdirSync, readFileSync } from "node:fs";
import { cpuMicroseconds } from "../cpu-time.ts";

export interface Sample {
  /** Seconds since the start of the load. */
  readonly seconds: number;
  readonly rssBytes: number;
  readonly files: number;
  readonly cpuSeconds: number;
  /** Maximum lag of all event loops since the last sample; `undefined` without a response. */
  readonly lagMs: number | undefined;
  readonly activeRequests: number | undefined;
  readonly healthMs: number | undefined;
}

export interface Sampled {
  readonly pid: number;
  readonly address: string;
  readonly admin: string;
}

export async function takeSample({ pid, address, admin }: Sampled, seconds: number): Promise<Sample> {
  const startedAt = performance.now();
  const health = await textOf(`${address}/healthz`);
  const healthMs = health === "ok" ? performance.now() - startedAt : undefined;
  const metrics = await textOf(`${admin}/metrics`);
  const lag =
    metrics === undefined ? undefined : 1_000 * Math.max(0, ...valuesOf(metrics, "lmgate_eventloop_lag_max_seconds"));
  const active = metrics === undefined ? undefined : sum(valuesOf(metrics, "lmgate_active_requests"));
  return { seconds, ...processOf(pid), lagMs: lag, activeRequests: active, healthMs };
}

export function processOf(pid: number): Pick<Sample, "rssBytes" | "files" | "cpuSeconds"> {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return {
    rssBytes: Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1_024,
    files: readdirSync(`/proc/${pid}/fd`).length,
    cpuSeconds: cpuMicroseconds(pid) / 1e6,
  };
}

async function textOf(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}

function valuesOf(metrics: string, name: string): readonly number[] {
  const lines = metrics.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.map((line) => Number(line.slice(line.lastIndexOf(" ") + 1)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Growth of RSS per ten minutes as a share of its mean, by least squares. */
export function rssGrowthPerTenMinutes(samples: readonly Sample[]): number | undefined {
  if (samples.length < 3) return undefined;
  const mean = (of: (sample: Sample) => number): number => sum(samples.map(of)) / samples.length;
  const seconds = mean((sample) => sample.seconds);
  const rss = mean((sample) => sample.rssBytes);
  let products = 0;
  let squares = 0;
  for (const sample of samples) {
    products += (sample.seconds - seconds) * (sample.rssBytes - rss);
    squares += (sample.seconds - seconds) ** 2;
  }
  return squares === 0 ? undefined : ((products / squares) * 600) / rss;
}
