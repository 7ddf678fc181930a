import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** Writes the ledger of `writeManyRecords` with two threads, each of which writes half of the days. */
export async function writeManyRecordsInParallel(directory: string, count: number): Promise<void> {
  const days = 90;
  const until = Date.now();
  const middle = until - (days / 2) * 24 * 60 * 60_000;
  // Traffic grows over the days, so the second half has more records.
  const earlier = Math.floor(count * 0.42);
  const halves = [
    { count: earlier, options: { until: middle, days: days / 2, closed: true, seed: 1 } },
    { count: count - earlier, options: { until, days: days / 2, seed: 2 } },
  ];
  const url = new URL("./many-records-worker.ts", import.meta.url);
  await Promise.all(halves.map((half) => once(new Worker(url, { workerData: { directory, ...half } }), "exit")));
}
