import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

const CHECK_MS = 2_000;

/**
 * Frees the memory that this thread's start has left over, once, as soon as the thread is idle. V8 frees such memory
 * only under pressure, and an idle gateway has none. The collection takes about ten milliseconds.
 */
export function collectStartupGarbage(isIdle: () => boolean): NodeJS.Timeout {
  const timer = setInterval(() => {
    if (!isIdle()) return;
    clearInterval(timer);
    collect();
  }, CHECK_MS);
  return timer.unref();
}

function collect(): void {
  // This reaches V8's collector without an option at the start of the process. Flags belong to the whole process, so no
  // thread ever unsets this one: another thread may be between setting it and using it.
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("globalThis.gc");
  // Without it the memory stays in use, which is no reason to end a worker.
  if (typeof gc === "function") (gc as Collect)({ type: "major", execution: "sync", flavor: "last-resort" }); // as: V8's own
}
