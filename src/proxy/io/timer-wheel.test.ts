import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { TimerWheel, type Expiring } from "./timer-wheel.ts";

let now = 0;
let wheel: TimerWheel;

beforeEach(() => {
  mock.timers.enable({ apis: ["setInterval"] });
  now = 0;
  wheel = new TimerWheel(() => now);
});

afterEach(() => {
  wheel.close();
  mock.timers.reset();
});

/** Advances time like an event loop that runs its timers every `step` milliseconds. */
function advance(milliseconds: number, step = 50): void {
  for (const end = now + milliseconds; now < end;) {
    now += step;
    // The mocked interval is due after 50 ms; an event loop that is late fires it once.
    mock.timers.tick(50);
  }
}

class Entry implements Expiring {
  deadline = 0;
  scheduled = 0;
  readonly expiredAt: number[] = [];

  expire(): void {
    this.expiredAt.push(now);
  }
}

for (const delayMs of [1, 50, 120, 1_000, 25_500, 30_000, 900_000]) {
  test(`a deadline of ${delayMs} ms is never early and at most two ticks late`, () => {
    const entry = new Entry();
    wheel.arm(entry, delayMs);
    advance(delayMs + 500);
    assert.equal(entry.expiredAt.length, 1);
    const [at = 0] = entry.expiredAt;
    assert.ok(at >= delayMs && at <= delayMs + 100, `expired at ${at}`);
  });
}

test("an entry that is armed between two ticks is not early", () => {
  const entry = new Entry();
  advance(1_000);
  now += 49;
  wheel.arm(entry, 500);
  now -= 49;
  advance(2_000);
  assert.ok((entry.expiredAt[0] ?? 0) >= 1_549);
});

test("an entry that is armed after the event loop was busy is not early", () => {
  const entry = new Entry();
  advance(1_000);
  now += 400;
  wheel.arm(entry, 500);
  advance(2_000);
  assert.ok((entry.expiredAt[0] ?? 0) >= 1_900, `expired at ${entry.expiredAt[0]}`);
});

for (const step of [51, 74, 75, 99, 130, 333]) {
  test(`an event loop that runs its timers only every ${step} ms makes no deadline early`, () => {
    const entry = new Entry();
    wheel.arm(entry, 3_000);
    advance(6_000, step);
    const [at = 0] = entry.expiredAt;
    assert.ok(at >= 3_000 && at <= 3_100 + 2 * step, `expired at ${at}`);
  });
}

test("an entry whose deadline is moved again and again expires only after the last one", () => {
  const entry = new Entry();
  for (let turn = 0; turn < 100; turn++) {
    wheel.arm(entry, 300);
    advance(200);
  }
  assert.deepEqual(entry.expiredAt, []);
  advance(500);
  assert.equal(entry.expiredAt.length, 1);
});

test("an entry whose deadline is moved closer expires then, and once", () => {
  const entry = new Entry();
  wheel.arm(entry, 10_000);
  advance(100);
  wheel.arm(entry, 200);
  advance(400);
  assert.equal(entry.expiredAt.length, 1);
  advance(20_000);
  assert.equal(entry.expiredAt.length, 1);
});

test("a disarmed entry does not expire, and can be armed again", () => {
  const entry = new Entry();
  wheel.arm(entry, 100);
  wheel.arm(entry, 0);
  advance(1_000);
  assert.deepEqual(entry.expiredAt, []);
  wheel.arm(entry, 100);
  advance(1_000);
  assert.equal(entry.expiredAt.length, 1);
});

test("an entry may arm itself again when it expires", () => {
  class Repeating extends Entry {
    override expire(): void {
      super.expire();
      if (this.expiredAt.length < 3) wheel.arm(this, 500);
    }
  }
  const entry = new Repeating();
  wheel.arm(entry, 500);
  advance(5_000);
  assert.equal(entry.expiredAt.length, 3);
});

test("R96: after the process was stopped for an hour, deadlines advance by at most a second", () => {
  const [soon, later] = [new Entry(), new Entry()];
  wheel.arm(soon, 500);
  wheel.arm(later, 2_000);
  advance(100);
  now += 3_600_000;
  advance(50);
  assert.equal(soon.expiredAt.length, 1);
  assert.deepEqual(later.expiredAt, []);
  advance(2_000);
  assert.equal(later.expiredAt.length, 1);
});

test("a thousand entries expire once each, in the order of their deadlines", () => {
  const order: number[] = [];
  for (let n = 0; n < 1_000; n++) {
    const delayMs = ((n * 7_919) % 1_000) * 100 + 100;
    const entry = new Entry();
    entry.expire = () => void order.push(delayMs);
    wheel.arm(entry, delayMs);
  }
  advance(101_000);
  assert.equal(order.length, 1_000);
  assert.deepEqual(
    order,
    order.toSorted((one, other) => one - other),
  );
});

test("a removed entry does not expire, may be armed again, and is not kept in memory", async () => {
  const entry = new Entry();
  wheel.arm(entry, 100);
  wheel.remove(entry);
  advance(1_000);
  assert.deepEqual(entry.expiredAt, []);
  wheel.arm(entry, 100);
  advance(1_000);
  assert.equal(entry.expiredAt.length, 1);

  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void; // what the flag above puts there
  const armed = (): WeakRef<Entry> => {
    const kept = new Entry();
    wheel.arm(kept, 20_000);
    wheel.arm(kept, 10_000);
    wheel.remove(kept);
    return new WeakRef(kept);
  };
  const reference = armed();
  // A WeakRef keeps its target until the end of the turn of the event loop in which it was created.
  await new Promise((resolve) => void setImmediate(resolve));
  collectGarbage();
  assert.equal(reference.deref(), undefined);
});

test("an entry that expires may remove or move another one that is due", () => {
  const first = new Entry();
  const second = new Entry();
  const third = new Entry();
  first.expire = () => {
    wheel.remove(second);
    wheel.arm(third, 200);
  };
  for (const entry of [first, second, third]) wheel.arm(entry, 100);
  advance(200);
  assert.deepEqual([second.expiredAt, third.expiredAt], [[], []]);
  advance(1_000);
  assert.equal(second.expiredAt.length, 0);
  assert.equal(third.expiredAt.length, 1);
  assert.ok((third.expiredAt[0] ?? 0) >= 300);
});
