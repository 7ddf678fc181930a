/** Looks into a data thread for how long one turn of its event loop keeps the processor. */
import { evaluateInThread } from "../../proxy/inspector.ts";
import type { Gateway } from "../../harness/gateway.ts";

export interface Turns {
  readonly turns: number;
  /** Processor time of one turn, in milliseconds: the same on a busy machine and on a quiet one. */
  readonly cpu: { readonly p50: number; readonly p999: number; readonly max: number };
  /** How late timers were, in milliseconds: with everything else that runs on the machine in it. */
  readonly late: { readonly p50: number; readonly p999: number; readonly max: number };
}

// One immediate behind the other: what the thread does between two of them is one turn. It costs the thread a processor.
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

/** The turns of the first data thread while `work` goes on. The gateway must have been started with \`--inspect\`. */
export async function turnsDuring(gateway: Gateway, work: () => Promise<void>): Promise<Turns> {
  await evaluateInThread(gateway, "data-1", BEGIN);
  await work();
  return (await evaluateInThread(gateway, "data-1", END)) as Turns; // what END gives
}
