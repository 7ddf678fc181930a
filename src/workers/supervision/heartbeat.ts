import type { Heartbeat } from "../protocol/messages.ts";

const BEAT_MS = 500;

/** Increments this worker's counter. A worker whose event loop hangs stops doing so. Returns the function that stops it. */
export function startHeartbeat(heartbeat: Heartbeat): () => void {
  const beats = new Int32Array(heartbeat.beats);
  const timer = setInterval(() => Atomics.add(beats, heartbeat.slot, 1), BEAT_MS);
  return () => clearInterval(timer);
}

/**
 * Notices a counter that is not incremented any more. It counts its own checks and not clock time: if the whole process
 * was stopped for a while, no worker misses more than one check.
 */
export class HeartbeatMonitor {
  readonly #beats: Int32Array;
  readonly #slot: number;
  #lastBeat: number;
  #missed = 0;

  constructor(heartbeat: Heartbeat) {
    this.#beats = new Int32Array(heartbeat.beats);
    this.#slot = heartbeat.slot;
    this.#lastBeat = Atomics.load(this.#beats, this.#slot);
  }

  /** Returns how many checks in a row have found no new heartbeat. */
  check(): number {
    const beat = Atomics.load(this.#beats, this.#slot);
    this.#missed = beat === this.#lastBeat ? this.#missed + 1 : 0;
    this.#lastBeat = beat;
    return this.#missed;
  }
}
