import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RESTART_LIMITS } from "../../src/workers/supervision/supervised-worker.ts";
import { WorkerJudge, type WorkerHealth } from "../../src/workers/supervision/worker-judge.ts";

/** One second between two checks, as the supervisor sees it. */
interface Second {
  /** How long it really took: the supervisor may be starved or stopped itself. */
  readonly elapsedMs: number;
  /** The part of it in which the worker's thread ran. */
  readonly share: number;
}

const second: fc.Arbitrary<Second> = fc.record({
  elapsedMs: fc.oneof(fc.constant(1_000), fc.integer({ min: 1_000, max: 120_000 })),
  share: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
});

/** A thread on a fake clock with fake CPU counters. */
class FakeWorker {
  now = 0;
  beats = 1;
  cpuMs = 0;
  isAsleep = false;
  readonly judge = new WorkerJudge(RESTART_LIMITS, 0);

  check(): WorkerHealth {
    return this.judge.check(this.beats, this.now, () => ({ cpuMs: this.cpuMs, isRunnable: !this.isAsleep }));
  }

  pass({ elapsedMs, share }: Second): void {
    this.now += elapsedMs;
    this.cpuMs += elapsedMs * share;
  }
}

test("a worker that beats whenever it gets CPU time never hangs, however little it gets", () => {
  const property = fc.property(fc.array(second, { maxLength: 400 }), (seconds) => {
    const worker = new FakeWorker();
    for (const each of seconds) {
      worker.pass(each);
      if (each.share > 0) worker.beats++;
      const health = worker.check();
      assert.notEqual(health, "hung");
      if (each.share > 0) assert.equal(health, "serving");
    }
  });
  fc.assert(property, { numRuns: 500 });
});

test("a worker that gets no CPU time is starved from the second check on, and serves again with its next beat", () => {
  const worker = new FakeWorker();
  assert.equal(worker.check(), "serving");
  const found: WorkerHealth[] = [];
  for (let n = 0; n < 600; n++) {
    worker.pass({ elapsedMs: 1_000, share: 0 });
    found.push(worker.check());
  }
  assert.deepEqual(new Set(found.slice(1)), new Set(["starved"]));
  worker.beats++;
  assert.equal(worker.check(), "serving");
});

test("a worker that uses CPU time without a beat hangs after five seconds of it, and not before", () => {
  const property = fc.property(fc.array(second, { minLength: 1, maxLength: 400 }), (seconds) => {
    const worker = new FakeWorker();
    worker.check();
    let usedSinceFirst: number | undefined;
    for (const each of seconds) {
      worker.pass(each);
      if (usedSinceFirst === undefined) usedSinceFirst = 0;
      else usedSinceFirst += each.elapsedMs * each.share;
      assert.equal(worker.check() === "hung", usedSinceFirst >= RESTART_LIMITS.cpuMs);
      if (usedSinceFirst >= RESTART_LIMITS.cpuMs) return;
    }
  });
  fc.assert(property, { numRuns: 500 });
});

test("a worker that sleeps in the kernel without a beat hangs after a minute of checks, however long those took", () => {
  const worker = new FakeWorker();
  worker.check();
  worker.isAsleep = true;
  let checks = 0;
  while (worker.check() !== "hung") {
    checks++;
    // The whole process was stopped for an hour, which says nothing about the worker.
    worker.pass({ elapsedMs: checks === 10 ? 3_600_000 : 1_000, share: 0 });
    assert.ok(checks < 100);
  }
  assert.ok(checks >= 58, `${checks} checks`);
});

test("a worker that has not beaten yet is starting, unless it uses a minute of CPU time", () => {
  const worker = new FakeWorker();
  worker.beats = 0;
  for (let n = 0; n < 1_000; n++) {
    worker.pass({ elapsedMs: 1_000, share: 0.05 });
    assert.equal(worker.check(), "starting");
  }
  worker.pass({ elapsedMs: 20_000, share: 1 });
  assert.equal(worker.check(), "hung");
});

test("where the system tells nothing about threads, only a minute without a beat counts", () => {
  const judge = new WorkerJudge(RESTART_LIMITS, 0);
  judge.check(1, 0, () => undefined);
  const found = Array.from({ length: 61 }, (_, n) => judge.check(1, (n + 1) * 1_000, () => undefined));
  assert.deepEqual([found[0], found[1], found[58], found[59]], ["serving", "starved", "starved", "hung"]);
});
