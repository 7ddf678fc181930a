import { setTimeout as delay } from "node:timers/promises";
import { runWrk } from "../wrk.ts";
import type { Probe } from "./probe.ts";
import type { Measurements } from "./comparison.ts";
import type { STREAMS } from "./responses.ts";
import { StreamLoad } from "./stream-load.ts";
import { CHAT_PATH, SDK_HEADERS, directiveBody, type Route, type Target } from "./target.ts";

/** Resources that the workloads share. */
export interface Tools {
  readonly directory: string;
  readonly probe: Probe;
}

/** One run of one workload against one proxy. */
export interface Run {
  readonly target: Target;
  readonly seconds: number;
  /** CPU time that the proxy has used so far, in microseconds. */
  readonly cpu: () => number;
}

export interface Workload {
  readonly name: string;
  readonly title: string;
  /** What the CPU time is divided by. */
  readonly unit: "request" | "chunk";
  readonly route: Route;
  /** Length of one round; a quick run shortens it. */
  readonly seconds: number;
  /** V8 compiles a proxy's code with the requests that it sees: this many go before the first round. */
  readonly warmUpUnits?: number;
  readonly run: (tools: Tools, run: Run) => Promise<Measurements>;
}

const MB = 1_000_000;
const RAMP_MS = 300;
const SMALL_CONNECTIONS = 32;
const SLOW_CONNECTIONS = 200;
const WARM_REQUESTS = 40_000;
/** Few, because copying large bodies keeps both processors busy. */
const LARGE_CONNECTIONS = 4;

interface WrkOptions {
  readonly connections?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: () => string;
  readonly path?: string;
}

function withWrk(options: WrkOptions = {}): Workload["run"] {
  return async ({ directory }, { target, seconds, cpu }) => {
    const before = cpu();
    const { requests, requestsPerSecond, errors } = await runWrk({
      directory,
      seconds: Math.max(1, Math.round(seconds)), // wrk accepts only whole seconds
      connections: options.connections ?? SMALL_CONNECTIONS,
      url: `http://127.0.0.1:${target.port}${target.prefix}${options.path ?? CHAT_PATH}`,
      method: "POST",
      headers: { ...SDK_HEADERS, ...target.headers, ...options.headers },
      body: options.body?.() ?? smallBody(),
    });
    const used = cpu() - before;
    if (requests === 0) throw new Error("no request got a response");
    if (errors > 0) throw new Error(`${errors} of ${requests} requests failed`);
    return { cpu: used / requests, rate: requestsPerSecond, units: requests };
  };
}

export function smallBody(): string {
  return JSON.stringify({ model: "gpt-bench", messages: [{ role: "user", content: "hello ".repeat(22) }] });
}

function promptBody(): string {
  return JSON.stringify({ model: "gpt-bench", messages: [{ role: "user", content: "hello ".repeat(400_000 / 6) }] });
}

const BOUNDARY = "lmgate-bench-boundary";

function uploadBody(): string {
  const part = (name: string, value: string): string =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; ${name}\r\n\r\n${value}\r\n`;
  const file = part('name="file"; filename="speech.wav"', "RIFF".repeat((10 * MB) / 4));
  return `${part('name="model"', "gpt-bench")}${file}--${BOUNDARY}--\r\n`;
}

interface StreamOptions {
  readonly withLatency?: boolean;
  readonly format?: keyof typeof STREAMS;
  readonly path?: string;
}

/** Open streams that send events at a fixed interval. */
function withStreams(streams: number, everyMs: number, options: StreamOptions = {}): Workload["run"] {
  const { withLatency = false, format = "openai", path } = options;
  return async ({ probe }, { target, seconds, cpu }) => {
    const load = new StreamLoad();
    try {
      await load.open(target, streams, `events=1000000 every=${everyMs} format=${format}`, path);
      await delay(RAMP_MS); // until all streams send events
      const [cpuBefore, eventsBefore, startedAt] = [cpu(), load.events, performance.now()];
      await delay(seconds * 1000);
      const [used, events, ms] = [cpu() - cpuBefore, load.events - eventsBefore, performance.now() - startedAt];
      if (events === 0) throw new Error("no event arrived");
      const figures = { cpu: used / events, rate: (events * 1000) / ms, units: events };
      if (!withLatency) return figures;
      const pace = { milliseconds: seconds * 1000, pauseMs: 2 };
      const { p50, p99 } = await probe.measure(target, directiveBody("events=2"), pace);
      return { ...figures, p50, p99 };
    } finally {
      load.close();
    }
  };
}

const singleRequests: Workload["run"] = async ({ probe }, { target, seconds, cpu }) => {
  const before = cpu();
  const { p50, p99, requests } = await probe.measure(target, smallBody(), { milliseconds: seconds * 1000, pauseMs: 0 });
  return { p50, p99, cpu: (cpu() - before) / requests, units: requests };
};

const gzip = { "Accept-Encoding": "gzip, deflate" };
const large = { connections: LARGE_CONNECTIONS };

export const WORKLOADS: readonly Workload[] = [
  {
    name: "small",
    title: "small JSON: 200 B in, 1 KB out",
    unit: "request",
    route: "openai",
    seconds: 2,
    warmUpUnits: WARM_REQUESTS,
    run: withWrk(),
  },
  {
    name: "slow",
    title: "the same, upstream responds after 100 ms, 200 connections",
    unit: "request",
    route: "streams",
    seconds: 3,
    warmUpUnits: WARM_REQUESTS,
    run: withWrk({ connections: SLOW_CONNECTIONS, body: () => directiveBody("after=100", false) }),
  },
  {
    name: "gzip",
    title: "small JSON, responses gzipped",
    unit: "request",
    route: "openai",
    seconds: 2,
    warmUpUnits: WARM_REQUESTS,
    run: withWrk({ headers: gzip }),
  },
  {
    name: "churn",
    title: "small JSON, a connection for each request",
    unit: "request",
    route: "openai",
    seconds: 1,
    run: withWrk({ headers: { Connection: "close" } }),
  },
  { name: "tls", title: "small JSON, TLS upstream", unit: "request", route: "tls", seconds: 1, run: withWrk() },
  {
    name: "prompt",
    title: "large prompt: 400 KB in, 1 KB out",
    unit: "request",
    route: "streams",
    seconds: 1,
    run: withWrk({ ...large, body: promptBody }),
  },
  {
    name: "response",
    title: "large response: 5 MB out",
    unit: "request",
    route: "streams",
    seconds: 1,
    run: withWrk({ ...large, body: () => directiveBody("size=5000000", false) }),
  },
  {
    name: "upload",
    title: "upload of 10 MB",
    unit: "request",
    route: "streams",
    seconds: 1,
    run: withWrk({
      ...large,
      path: "/v1/audio/transcriptions",
      headers: { "Content-Type": `multipart/form-data; boundary=${BOUNDARY}` },
      body: uploadBody,
    }),
  },
  {
    name: "sse-1",
    title: "1 event stream, 500 events/s",
    unit: "chunk",
    route: "streams",
    seconds: 1.2,
    run: withStreams(1, 2),
  },
  {
    name: "sse-200",
    title: "200 event streams, 8,000 events/s in all",
    unit: "chunk",
    route: "streams",
    seconds: 3,
    warmUpUnits: WARM_REQUESTS,
    run: withStreams(200, 25, { withLatency: true }),
  },
  {
    name: "sse-anthropic",
    title: "the same in Anthropic's format",
    unit: "chunk",
    route: "streams",
    seconds: 3,
    warmUpUnits: WARM_REQUESTS,
    run: withStreams(200, 25, { format: "anthropic", path: "/v1/messages" }),
  },
  {
    name: "sse-google",
    title: "the same in Google's format",
    unit: "chunk",
    route: "streams",
    seconds: 3,
    warmUpUnits: WARM_REQUESTS,
    run: withStreams(200, 25, { format: "google", path: "/v1beta/models/bench:streamGenerateContent?alt=sse" }),
  },
  {
    name: "sse-2000",
    title: "2,000 event streams, 8,000 events/s in all",
    unit: "chunk",
    route: "streams",
    seconds: 1.2,
    run: withStreams(2_000, 250),
  },
  {
    name: "latency",
    title: "small JSON, one request at a time",
    unit: "request",
    route: "openai",
    seconds: 1,
    run: singleRequests,
  },
];
