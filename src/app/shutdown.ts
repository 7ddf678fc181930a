import type { Timeouts } from "../config/settings.ts";
import type { Supervisor } from "../workers/supervisor.ts";

/** Records of aborted requests need a moment to reach the ledger. */
const RECORDS_DEADLINE_MS = 2_000;
/** A disk that hangs must not keep the process alive. */
const LEDGER_DEADLINE_MS = 10_000;

/** Resolves after `delayMs`, or as soon as `signal` aborts. */
function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(resolve, delayMs);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * Stops in order: responses close their connections, the listener closes, running requests get `drainMs`, the ledger is
 * flushed. `hurry` cuts every wait short. Resolves to whether the ledger was closed.
 */
export async function drain(supervisor: Supervisor, timeouts: Timeouts, hurry: AbortSignal): Promise<boolean> {
  supervisor.drain();
  await pause(timeouts.drainDelayMs, hurry);
  const stopped = supervisor.stop();
  const ended = new AbortController();
  await Promise.race([stopped, pause(timeouts.drainMs, AbortSignal.any([hurry, ended.signal]))]);
  ended.abort();
  supervisor.abortRequests();
  if (!(await within(stopped, RECORDS_DEADLINE_MS))) await supervisor.terminateDataWorkers();
  return within(supervisor.closeLedger(), LEDGER_DEADLINE_MS);
}

async function within(work: Promise<void>, deadlineMs: number): Promise<boolean> {
  const done = new AbortController();
  const inTime = await Promise.race([work.then(() => true), pause(deadlineMs, done.signal).then(() => false)]);
  done.abort();
  return inTime;
}
