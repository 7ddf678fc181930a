import assert from "node:assert/strict";
import { test } from "node:test";

import { SupervisedWorker, type SupervisedWorkerOptions } from "../../src/workers/supervision/supervised-worker.ts";
import { Waiting } from "../harness/until.ts";

interface Watched {
  readonly worker: SupervisedWorker<never, unknown>;
  /** The delays in the log, in milliseconds. */
  readonly delays: number[];
  readonly failures: string[];
  readonly waiting: Waiting;
  downs: number;
}

/** A data worker with invalid start data: it throws at once. */
function startBroken(): Watched {
  const waiting = new Waiting();
  const [delays, failures]: [number[], string[]] = [[], []];
  const options: SupervisedWorkerOptions<unknown> = {
    name: "broken",
    entry: "data/data-worker",
    log: {
      info: () => undefined,
      warn: (fields) => {
        if ("delayMs" in fields) delays.push(Number(fields.delayMs));
      },
      error: (_, message) => void failures.push(message),
    },
    whenUnresponsive: "restart",
    threadUsage: () => undefined,
    init: () => ({ data: {}, transfer: [] }),
    onMessage: () => undefined,
    onExit: () => {
      watched.downs++;
      // The log entry is written after `onExit`.
      queueMicrotask(() => waiting.changed());
    },
    onHealthChange: () => undefined,
  };
  const watched: Watched = { worker: new SupervisedWorker(options), delays, failures, waiting, downs: 0 };
  return watched;
}

test("R97: a worker that fails at each start is restarted, at growing intervals", async () => {
  const watched = startBroken();
  await watched.waiting.until("three ends", () => watched.delays.length >= 3 || undefined);
  await watched.worker.terminate();
  assert.deepEqual(watched.delays.slice(0, 3), [100, 200, 400]);
  assert.equal(watched.worker.restarts, 2);
  assert.equal(watched.failures.filter((message) => message === "worker failed").length, watched.downs);
});

test("a retired worker is not restarted, and its end is reported once", async () => {
  const watched = startBroken();
  watched.worker.retire();
  await watched.waiting.until("its end", () => watched.downs > 0 || undefined);
  await watched.worker.terminate();
  assert.deepEqual([watched.downs, watched.worker.restarts, watched.delays.length], [1, 0, 0]);
});

test("a terminated worker ends without a report", async () => {
  const watched = startBroken();
  await watched.worker.terminate();
  assert.deepEqual([watched.downs, watched.worker.restarts], [0, 0]);
});
