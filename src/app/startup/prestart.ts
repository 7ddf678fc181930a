import { setFlagsFromString } from "node:v8";
import { PrestartedWorkers } from "../../workers/supervision/prestarted-workers.ts";

/** What is begun before anything is known, so that the first call is served sooner and less memory is taken. */
export interface Prestart {
  readonly workers: PrestartedWorkers;
  /** The start is over, whatever became of it. */
  end(): Promise<void>;
}

/**
 * Nearly everything that is allocated during a start stays, so the space for what is short-lived would grow to 16 MB on
 * every thread, be empty a moment later, and never be given back. It grows when calls need it.
 */
export function prestart(): Prestart {
  setFlagsFromString("--semi-space-growth-factor=1");
  const workers = new PrestartedWorkers();
  return {
    workers,
    end: async () => {
      setFlagsFromString("--semi-space-growth-factor=2"); // V8's default
      await workers.end();
    },
  };
}
