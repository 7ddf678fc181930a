import type { Timeouts } from "../config/settings.ts";
import type { Supervisor } from "../workers/supervisor.ts";

/** Records of destroyed calls need a moment to reach the ledger. */
const SETTLE_MS = 2_000;
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
 * Ends service in order: answers close their connections, then no new connections, then what still runs is given
 * `drainMs`, then the ledger is flushed. `hurry` cuts every wait short. Resolves to whether the ledger was closed.
 */
export async function drain(supervisor: Supervisor, timeouts: Timeouts, hurry: AbortSignal): Promise<boolean> {
  supervisor.drain();
  await pause(timeouts.drainDelayMs, hurry);
  const stopped = supervisor.stop();
  const waited = new AbortController();
  await Promise.race([stopped, pause(timeouts.drainMs, AbortSignal.any([hurry, waited.signal]))]);
  waited.abort();
  supervisor.abortRequests();
  if (!(await within(stopped, SETTLE_MS))) await supervisor.terminateDataWorkers();
  return within(supervisor.closeLedger(), LEDGER_DEADLINE_MS);
}

async function within(work: Promise<void>, deadlineMs: number): Promise<boolean> {
  const given = new AbortController();
  const done = await Promise.race([work.then(() => true), pause(deadlineMs, given.signal).then(() => false)]);
  given.abort();
  return done;
}
