// A client in a process of its own, so that nothing else delays its clock: one call after the other on one kept-alive
// connection, each measured from its first byte sent to the first byte of the answer's body. Told what to do over IPC.
import { percentile } from "./statistics.ts";
import { RawClient } from "./raw-request.ts";

export interface ProbeOrder {
  readonly port: number;
  /** As latin1, which IPC carries whole. */
  readonly request: string;
  readonly milliseconds: number;
  /** Between two calls. */
  readonly pauseMs: number;
}

export type ProbeReport =
  | { readonly p50: number; readonly p99: number; readonly calls: number }
  | { readonly error: string };

const WARM_UP = 20;
/** Fewer would have no 99th percentile; on a busy machine the time is stretched for them. */
const FEWEST = 100;
const MOST_MS = 10_000;

async function probe({ port, request, milliseconds, pauseMs }: ProbeOrder): Promise<ProbeReport> {
  const bytes = Buffer.from(request, "latin1");
  const samples: number[] = [];
  const finished = Promise.withResolvers<void>();
  const start = performance.now();
  let begun = 0;
  let answered = false;
  const isEnough = (passed: number): boolean =>
    passed > MOST_MS || (passed > milliseconds && samples.length >= WARM_UP + FEWEST);
  const ask = (): void => {
    begun = performance.now();
    answered = false;
    client.send(bytes);
  };
  const client = new RawClient(port, {
    onBody: () => {
      if (!answered) samples.push(performance.now() - begun);
      answered = true;
    },
    onEnd: (status) => {
      if (status !== 200) finished.reject(new Error(`status ${status}`));
      else if (isEnough(performance.now() - start)) finished.resolve();
      else if (pauseMs > 0) setTimeout(ask, pauseMs);
      else setImmediate(ask);
    },
    onError: (error) => finished.reject(error),
  });
  ask();
  try {
    await finished.promise;
  } finally {
    client.close();
  }
  const kept = samples.slice(WARM_UP);
  if (kept.length === 0) throw new Error(`only ${samples.length} calls in ${MOST_MS} ms`);
  return { p50: percentile(kept, 50), p99: percentile(kept, 99), calls: kept.length };
}

process.on("message", (order: ProbeOrder) => {
  probe(order).then(
    (report) => process.send?.(report),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
