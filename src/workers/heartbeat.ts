import type { Heartbeat } from "./protocol.ts";

const BEAT_MS = 500;

/** Keeps raising this thread's slot; a thread whose event loop hangs stops raising it. */
export function startHeartbeat(heartbeat: Heartbeat): () => void {
  const beats = new Int32Array(heartbeat.beats);
  const timer = setInterval(() => Atomics.add(beats, heartbeat.slot, 1), BEAT_MS);
  return () => clearInterval(timer);
}

/**
 * Notices a slot that is not raised any more. Silence is counted in looks, not in clock time: when the whole process
 * was stopped for a while, nobody was silent for longer than one look.
 */
export class HeartbeatMonitor {
  readonly #beats: Int32Array;
  readonly #slot: number;
  #last: number;
  #silentLooks = 0;

  constructor(heartbeat: Heartbeat) {
    this.#beats = new Int32Array(heartbeat.beats);
    this.#slot = heartbeat.slot;
    this.#last = Atomics.load(this.#beats, this.#slot);
  }

  /** How many looks in a row have found nothing new. */
  look(): number {
    const beat = Atomics.load(this.#beats, this.#slot);
    this.#silentLooks = beat === this.#last ? this.#silentLooks + 1 : 0;
    this.#last = beat;
    return this.#silentLooks;
  }
}
