import type { Heartbeat } from "../protocol/messages.ts";

const BEAT_MS = 500;

/**
 * Increments this worker's counter, for the first time at once. A worker whose event loop hangs stops doing so. Returns the
 * function that stops it.
 */
export function startHeartbeat(heartbeat: Heartbeat): () => void {
  const beats = new Int32Array(heartbeat.beats);
  Atomics.add(beats, heartbeat.slot, 1);
  const timer = setInterval(() => Atomics.add(beats, heartbeat.slot, 1), BEAT_MS);
  return () => clearInterval(timer);
}
