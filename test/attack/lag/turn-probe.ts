/** Measures in a data worker how long one turn of its event loop uses the processor. */
import { evaluateInWorker } from "../../proxy/inspector.ts";
import type { Gateway } from "../../harness/gateway.ts";

export interface Turns {
  readonly turns: number;
  /** The processor time of one turn, in milliseconds. It does not depend on the load of the machine. */
  readonly cpu: { readonly p50: number; readonly p999: number; readonly max: number };
  /** How late timers were, in milliseconds, with everything else that runs on the machine. */
  readonly late: { readonly p50: number; readonly p999: number; readonly max: number };
}

// Each immediate schedules the next; what the worker does between two of them is one turn. This uses a whole processor.
const BEGIN = `(() => {
  const { createHistogram, monitorEventLoopDelay } = process.getBuiltinModule("node:perf_hooks");
  const turns = createHistogram(), late = monitorEventLoopDelay({ resolution: 1 });
  let last, going = true;
  const spent = () => { const { user, system } = process.threadCpuUsage(); return user + system; };
  const look = () => {
    const now = spent();
    turns.record(Math.max(1, Math.round(now - last)));
    last = now;
    if (going) setImmediate(look);
  };
  globalThis.lmgateTurns = { turns, late, end: () => { going = false; late.disable(); delete globalThis.lmgateTurns; } };
  late.enable();
  last = spent();
  setImmediate(look);
  return true;
})()`;

const END = `(() => {
  const { turns, late, end } = globalThis.lmgateTurns;
  end();
  const parts = (histogram, unit) => ({
    p50: histogram.percentile(50) / unit, p999: histogram.percentile(99.9) / unit, max: histogram.max / unit });
  return { turns: turns.count, cpu: parts(turns, 1e3), late: parts(late, 1e6) };
})()`;

/** The turns of the first data worker during `work`. The gateway must have been started with `--inspect`. */
export async function turnsDuring(gateway: Gateway, work: () => Promise<void>): Promise<Turns> {
  await evaluateInWorker(gateway, "data-1", BEGIN);
  await work();
  return (await evaluateInWorker(gateway, "data-1", END)) as Turns; // as: the value of END
}
