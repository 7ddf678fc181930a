import { setFlagsFromString } from "node:v8";
import { PrestartedWorkers } from "../../workers/supervision/prestarted-workers.ts";

/** What starts before the configuration is read, so that the first request is served sooner with less memory. */
export interface Prestart {
  readonly workers: PrestartedWorkers;
  /** To be called when the start is over, successful or not. */
  end(): Promise<void>;
}

/**
 * Keeps V8's young generation small during the start. Nearly everything that a start allocates survives, so V8 would grow
 * the young generation to 16 MB on every thread and never shrink it. It may still grow when requests need it.
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
