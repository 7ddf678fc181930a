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
  // This reaches V8's collector without an option at the start of the process.
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as Collect; // as: the flag adds `gc` to each new context
  setFlagsFromString("--no-expose-gc");
  gc({ type: "major", execution: "sync", flavor: "last-resort" });
}
