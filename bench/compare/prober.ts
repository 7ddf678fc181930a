// A client in a separate process, so that other work does not delay its clock. It sends one request after the other on
// one kept-alive connection and measures from the first byte sent to the first byte of the response body. It gets its
// requests over IPC.
import { percentile } from "../statistics.ts";
import { RawClient } from "./raw-request.ts";

export interface ProbeRequest {
  readonly port: number;
  /** Encoded as latin1, which IPC transfers without loss. */
  readonly request: string;
  readonly milliseconds: number;
  /** Pause between two requests. */
  readonly pauseMs: number;
}

export type ProbeReport =
  | { readonly p50: number; readonly p99: number; readonly requests: number }
  | { readonly error: string };

const WARM_UP = 20;
/** The 99th percentile needs this many samples; on a busy machine the probe runs longer for them. */
const MIN_SAMPLES = 100;
const MAX_MS = 10_000;

async function probe({ port, request, milliseconds, pauseMs }: ProbeRequest): Promise<ProbeReport> {
  const bytes = Buffer.from(request, "latin1");
  const samples: number[] = [];
  const finished = Promise.withResolvers<void>();
  const start = performance.now();
  let startedAt = 0;
  let hasBody = false;
  const isEnough = (passed: number): boolean =>
    passed > MAX_MS || (passed > milliseconds && samples.length >= WARM_UP + MIN_SAMPLES);
  const sendNext = (): void => {
    startedAt = performance.now();
    hasBody = false;
    client.send(bytes);
  };
  const client = new RawClient(port, {
    onBody: () => {
      if (!hasBody) samples.push(performance.now() - startedAt);
      hasBody = true;
    },
    onEnd: (status) => {
      if (status !== 200) finished.reject(new Error(`status ${status}`));
      else if (isEnough(performance.now() - start)) finished.resolve();
      else if (pauseMs > 0) setTimeout(sendNext, pauseMs);
      else setImmediate(sendNext);
    },
    onError: (error) => finished.reject(error),
  });
  sendNext();
  try {
    await finished.promise;
  } finally {
    client.close();
  }
  const kept = samples.slice(WARM_UP);
  if (kept.length === 0) throw new Error(`only ${samples.length} requests in ${MAX_MS} ms`);
  return { p50: percentile(kept, 50), p99: percentile(kept, 99), requests: kept.length };
}

process.on("message", (probeRequest: ProbeRequest) => {
  probe(probeRequest).then(
    (report) => process.send?.(report),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
