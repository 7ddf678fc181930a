import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { test } from "node:test";

import { LedgerOpenError } from "../../src/ledger/files/ledger-open-error.ts";
import { Child } from "./child.ts";
import { appendAll, linesIn, numbers, until, workplace } from "./fixture.ts";
import type { Workplace } from "./fixture.ts";

const MINUTE = 60_000;

interface LockContent {
  readonly instance: string;
  readonly pid: number;
  readonly host: string;
  readonly heartbeat: string;
}

function lockIn(place: Workplace): LockContent {
  // Written by the ledger under test, and compared field by field.
  return JSON.parse(readFileSync(`${place.path}.lock`, "utf8")) as LockContent;
}

/** A lock as a machine we know nothing about would leave it. */
function leaveLock(place: Workplace, ageMs: number): void {
  const heartbeat = new Date(Date.now() - ageMs).toISOString();
  const holder = { instance: "other", pid: 1, host: "elsewhere", heartbeat, pidSpace: "unknown", startedAt: "1" };
  writeFileSync(`${place.path}.lock`, `${JSON.stringify(holder)}\n`);
}

test("R67: a second process on the same path refuses to start and says who writes there", async (t) => {
  const place = workplace(t);
  const [first, second] = [new Child(t), new Child(t)];
  await first.open({ path: place.path, instance: "first" });
  const { error } = await second.open({ path: place.path, instance: "second" });
  for (const part of [`${place.path}.lock`, `pid ${first.pid}`, hostname(), "first", "0 s ago", "stats.output_path"]) {
    assert.ok(error?.includes(part), `${error} names ${part}`);
  }
  await first.ask({ kind: "append", from: 0, count: 10 });
  assert.equal(linesIn(place.path).length, 10);
});

test("the lock names its holder while the ledger is open, and is gone after it", (t) => {
  const place = workplace(t);
  const ledger = place.open();
  const { instance, pid, host } = lockIn(place);
  assert.deepEqual({ instance, pid, host }, { instance: "one", pid: process.pid, host: hostname() });
  ledger.close();
  assert.ok(!existsSync(`${place.path}.lock`));
});

test("a lock of another machine is respected for 15 seconds after it was last heard of", (t) => {
  const place = workplace(t);
  leaveLock(place, 0);
  const { heartbeat } = lockIn(place);
  const after = (ms: number) => ({ now: () => Date.parse(heartbeat) + ms });
  assert.throws(() => place.open(after(15_000)), LedgerOpenError);
  place.open(after(15_001));
  assert.equal(lockIn(place).instance, "one");
});

test("a refusal says when to try again, unless the holder is known to live", (t) => {
  const place = workplace(t);
  leaveLock(place, 0);
  const now = Date.parse(lockIn(place).heartbeat) + 4_000;
  assert.throws(() => place.open({ now: () => now }), { name: "LedgerOpenError", retryAfterMs: 11_001 });
  place.open({ now: () => now + 11_001 });
  assert.throws(() => place.open({ instance: "two" }), { name: "LedgerOpenError", retryAfterMs: undefined });
});

test("a lock from the future is as dead as an old one", (t) => {
  const place = workplace(t);
  leaveLock(place, -MINUTE);
  place.open();
});

test("a lock that cannot be read counts by the age of its file", (t) => {
  const place = workplace(t);
  writeFileSync(`${place.path}.lock`, '{"instance":"oth');
  assert.throws(() => place.open(), /an unknown process/);
  place.open({ now: () => Date.now() + MINUTE });
});

test("of several processes that find an abandoned lock, one gets it", async (t) => {
  const place = workplace(t);
  const children = numbers(0, 4).map(() => new Child(t));
  await Promise.all(children.map((child) => child.ask({ kind: "status" })));
  for (let round = 0; round < 25; round += 1) {
    leaveLock(place, MINUTE);
    const replies = await Promise.all(
      children.map((child, n) => child.open({ path: place.path, instance: `${round}-${n}` })),
    );
    const winners = replies.flatMap(({ error }, n) => (error === undefined ? [n] : []));
    assert.equal(winners.length, 1, `round ${round}: ${winners.join(", ")}`);
    assert.equal(lockIn(place).instance, `${round}-${winners[0]}`);
    await children[winners[0] ?? 0]?.ask({ kind: "close" });
  }
});

test("the holder shows that it lives, and notices when somebody else has taken the lock", async (t) => {
  const place = workplace(t);
  let now = Date.now();
  const ledger = place.open({ now: () => now });
  now += MINUTE;
  appendAll(ledger, 0, 1);
  assert.equal(lockIn(place).heartbeat, new Date(now).toISOString());

  leaveLock(place, -MINUTE);
  now += MINUTE;
  appendAll(ledger, 1, 1);
  const { degraded, lastError, queued } = ledger.status();
  assert.deepEqual({ degraded, queued }, { degraded: true, queued: 1 });
  assert.match(lastError ?? "", /another instance has taken the lock/);
  assert.equal(linesIn(place.path).length, 1, "nothing is written without the lock");

  rmSync(`${place.path}.lock`);
  await until("it has the lock again", () => !ledger.status().degraded);
  assert.deepEqual(
    linesIn(place.path).map(({ n }) => n),
    [0, 1],
  );
});

test("closing leaves a lock alone that somebody else has taken", (t) => {
  const place = workplace(t);
  const ledger = place.open();
  leaveLock(place, 0);
  ledger.close();
  assert.equal(lockIn(place).instance, "other");
});

test("a deleted lock is made again", (t) => {
  const place = workplace(t);
  let now = Date.now();
  const ledger = place.open({ now: () => now });
  rmSync(`${place.path}.lock`);
  now += MINUTE;
  appendAll(ledger, 0, 1);
  assert.equal(lockIn(place).instance, "one");
});

test("a ledger that replaces a dead thread's takes over its lock, and only that", (t) => {
  const place = workplace(t);
  const dead = place.open({ instance: "boot.1" });
  assert.throws(() => place.open({ instance: "boot.2" }), LedgerOpenError);
  assert.throws(() => place.open({ instance: "boot.2", replaces: "boot.0" }), LedgerOpenError);
  place.open({ instance: "boot.2", replaces: "boot.1" });
  assert.equal(lockIn(place).instance, "boot.2");
  dead.close();
  assert.equal(lockIn(place).instance, "boot.2");
});
