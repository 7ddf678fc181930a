import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

const FIRST_LOOK_MS = 2_000;

/**
 * Gives back what this thread's start left over, once, as soon as it is idle. V8 keeps such memory until something
 * presses; for a gateway that waits for calls nothing ever does. Takes some ten milliseconds of the thread.
 */
export function collectStartupGarbage(isIdle: () => boolean): NodeJS.Timeout {
  const timer = setInterval(() => {
    if (!isIdle()) return;
    clearInterval(timer);
    collect();
  }, FIRST_LOOK_MS);
  return timer.unref();
}

function collect(): void {
  // The way to V8's collector that needs no option at the start of the process.
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as Collect; // what that flag puts into each new context
  setFlagsFromString("--no-expose-gc");
  gc({ type: "major", execution: "sync", flavor: "last-resort" });
}
