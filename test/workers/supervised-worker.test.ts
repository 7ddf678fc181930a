import assert from "node:assert/strict";
import { test } from "node:test";

import { SupervisedWorker, type SupervisedWorkerOptions } from "../../src/workers/supervision/supervised-worker.ts";
import { Waiting } from "../harness/until.ts";

interface Watched {
  readonly thread: SupervisedWorker<never, unknown>;
  /** Back-offs as the log has them, in milliseconds. */
  readonly delays: number[];
  readonly failures: string[];
  readonly waiting: Waiting;
  downs: number;
}

/** A data thread whose start data is nonsense: it throws as soon as it runs. */
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
    init: () => ({ data: {}, transfer: [] }),
    onMessage: () => undefined,
    onExit: () => {
      watched.downs++;
      // The log's word comes behind this one.
      queueMicrotask(() => waiting.changed());
    },
    onResponsiveChange: () => undefined,
  };
  const watched: Watched = { thread: new SupervisedWorker(options), delays, failures, waiting, downs: 0 };
  return watched;
}

test("R97: a thread that fails at each start is started again, at intervals that grow", async () => {
  const watched = startBroken();
  await watched.waiting.until("three ends", () => watched.delays.length >= 3 || undefined);
  await watched.thread.terminate();
  assert.deepEqual(watched.delays.slice(0, 3), [100, 200, 400]);
  assert.equal(watched.thread.restarts, 2);
  assert.equal(watched.failures.filter((message) => message === "worker failed").length, watched.downs);
});

test("a thread that was retired is not started again, and its end is told once", async () => {
  const watched = startBroken();
  watched.thread.retire();
  await watched.waiting.until("its end", () => watched.downs > 0 || undefined);
  await watched.thread.terminate();
  assert.deepEqual([watched.downs, watched.thread.restarts, watched.delays.length], [1, 0, 0]);
});

test("a thread that is terminated is gone without a word", async () => {
  const watched = startBroken();
  await watched.thread.terminate();
  assert.deepEqual([watched.downs, watched.thread.restarts], [0, 0]);
});
