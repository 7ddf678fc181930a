import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { test } from "node:test";

import { LedgerOpenError } from "../../src/ledger/files/ledger-open-error.ts";
import { LedgerProcess } from "./ledger-process.ts";
import { appendAll, linesIn, numbers, until, ledgerFixture } from "./fixture.ts";
import type { LedgerFixture } from "./fixture.ts";

const MINUTE = 60_000;

interface LockContent {
  readonly instance: string;
  readonly pid: number;
  readonly host: string;
  readonly heartbeat: string;
}

function lockIn(fixture: LedgerFixture): LockContent {
  // as: written by the ledger under test.
  return JSON.parse(readFileSync(`${fixture.path}.lock`, "utf8")) as LockContent;
}

/** Writes a lock as an unknown machine would leave it. */
function leaveLock(fixture: LedgerFixture, ageMs: number): void {
  const heartbeat = new Date(Date.now() - ageMs).toISOString();
  const holder = { instance: "other", pid: 1, host: "elsewhere", heartbeat, pidSpace: "unknown", startedAt: "1" };
  writeFileSync(`${fixture.path}.lock`, `${JSON.stringify(holder)}\n`);
}

test("R67: a second process on the same path does not start, and names the process that holds the file", async (t) => {
  const fixture = ledgerFixture(t);
  const [first, second] = [new LedgerProcess(t), new LedgerProcess(t)];
  await first.open({ path: fixture.path, instance: "first" });
  const { error } = await second.open({ path: fixture.path, instance: "second" });
  for (const part of [
    `${fixture.path}.lock`,
    `pid ${first.pid}`,
    hostname(),
    "first",
    "0 s ago",
    "stats.output_path",
  ]) {
    assert.ok(error?.includes(part), `${error} names ${part}`);
  }
  await first.send({ kind: "append", from: 0, count: 10 });
  assert.equal(linesIn(fixture.path).length, 10);
});

test("the lock names its holder while the ledger is open, and is removed when it closes", (t) => {
  const fixture = ledgerFixture(t);
  const ledger = fixture.open();
  const { instance, pid, host } = lockIn(fixture);
  assert.deepEqual({ instance, pid, host }, { instance: "one", pid: process.pid, host: hostname() });
  ledger.close();
  assert.ok(!existsSync(`${fixture.path}.lock`));
});

test("a lock of another machine is respected for 15 seconds after its last heartbeat", (t) => {
  const fixture = ledgerFixture(t);
  leaveLock(fixture, 0);
  const { heartbeat } = lockIn(fixture);
  const after = (ms: number) => ({ now: () => Date.parse(heartbeat) + ms });
  fixture.open(after(15_000)).close();
  assert.equal(lockIn(fixture).instance, "other");
  fixture.open(after(15_001));
  assert.equal(lockIn(fixture).instance, "one");
});

test("while the holder of the lock may have ended, records wait in memory and no file is written", async (t) => {
  const fixture = ledgerFixture(t);
  leaveLock(fixture, 0);
  let now = Date.parse(lockIn(fixture).heartbeat) + 4_000;
  const ledger = fixture.open({ now: () => now });
  appendAll(ledger, 0, 3);
  const { degraded, queued, lastError } = ledger.status();
  assert.deepEqual({ degraded, queued }, { degraded: true, queued: 3 });
  assert.match(lastError ?? "", /expires 15 s after it was last seen/);
  assert.deepEqual([ledger.holdsLock, ledger.isDrained, ledger.isWaitingForLock], [false, false, true]);
  assert.deepEqual(readdirSync(fixture.dir), ["stats.jsonl.lock"]);
  now += 11_001;
  await until("it holds the lock", () => !ledger.status().degraded);
  assert.equal(lockIn(fixture).instance, "one");
  assert.deepEqual(
    linesIn(fixture.path).map(({ n }) => n),
    [0, 1, 2],
  );
  assert.throws(() => fixture.open({ instance: "two" }), { name: "LedgerOpenError", mayHaveEnded: false });
});

test("a holder that renews its lock keeps it, and that is reported once", async (t) => {
  const fixture = ledgerFixture(t);
  leaveLock(fixture, 0);
  let now = Date.now();
  const ledger = fixture.open({ now: () => now });
  appendAll(ledger, 0, 1);
  now += MINUTE;
  leaveLock(fixture, -MINUTE);
  await until("it is reported", () => fixture.log.some(({ level }) => level === "error"));
  assert.equal(ledger.isWaitingForLock, false);
  rmSync(`${fixture.path}.lock`);
  await until("it holds the lock", () => !ledger.status().degraded);
  assert.equal(linesIn(fixture.path).length, 1);
  assert.equal(fixture.log.filter(({ level }) => level === "error").length, 1);
});

test("records that wait for a lock are bounded, and the lost ones are counted", (t) => {
  const fixture = ledgerFixture(t);
  leaveLock(fixture, 0);
  const ledger = fixture.open({ maxQueueBytes: 1_000 });
  appendAll(ledger, 0, 20);
  const { dropped, queued } = ledger.status();
  assert.equal(dropped + queued, 20);
  assert.ok(dropped > 0 && queued > 0);
});

test("a lock with a heartbeat in the future is stale", (t) => {
  const fixture = ledgerFixture(t);
  leaveLock(fixture, -MINUTE);
  fixture.open();
});

test("for a lock that cannot be parsed, the age of its file decides", (t) => {
  const fixture = ledgerFixture(t);
  writeFileSync(`${fixture.path}.lock`, '{"instance":"oth');
  const ledger = fixture.open();
  assert.match(ledger.status().lastError ?? "", /an unknown process/);
  ledger.close();
  fixture.open({ now: () => Date.now() + MINUTE });
});

test("of several processes that find an abandoned lock, exactly one acquires it", async (t) => {
  const fixture = ledgerFixture(t);
  const children = numbers(0, 4).map(() => new LedgerProcess(t));
  await Promise.all(children.map((child) => child.send({ kind: "status" })));
  for (let round = 0; round < 25; round += 1) {
    leaveLock(fixture, MINUTE);
    const replies = await Promise.all(
      children.map((child, n) => child.open({ path: fixture.path, instance: `${round}-${n}` })),
    );
    const winners = replies.flatMap(({ error, status }, n) =>
      error === undefined && status?.degraded === false ? [n] : [],
    );
    assert.equal(winners.length, 1, `round ${round}: ${winners.join(", ")}`);
    assert.equal(lockIn(fixture).instance, `${round}-${winners[0]}`);
    await Promise.all(children.map((child) => child.send({ kind: "close" })));
  }
});

test("the holder renews its lock, and notices when another instance has taken it", async (t) => {
  const fixture = ledgerFixture(t);
  let now = Date.now();
  const ledger = fixture.open({ now: () => now });
  now += MINUTE;
  appendAll(ledger, 0, 1);
  assert.equal(lockIn(fixture).heartbeat, new Date(now).toISOString());

  leaveLock(fixture, -MINUTE);
  now += MINUTE;
  appendAll(ledger, 1, 1);
  const { degraded, lastError, queued } = ledger.status();
  assert.deepEqual({ degraded, queued }, { degraded: true, queued: 1 });
  assert.match(lastError ?? "", /another instance has taken the lock/);
  assert.equal(linesIn(fixture.path).length, 1, "nothing is written without the lock");

  rmSync(`${fixture.path}.lock`);
  await until("it holds the lock again", () => !ledger.status().degraded);
  assert.deepEqual(
    linesIn(fixture.path).map(({ n }) => n),
    [0, 1],
  );
});

test("a holder that cannot renew its lock stops writing before another process may take it over", async (t) => {
  const fixture = ledgerFixture(t);
  let now = Date.now();
  const ledger = fixture.open({ now: () => now });
  appendAll(ledger, 0, 1);
  rmSync(`${fixture.path}.lock`);
  mkdirSync(`${fixture.path}.lock`);
  now += 9_000;
  appendAll(ledger, 1, 1);
  assert.equal(linesIn(fixture.path).length, 2);
  now += 2_000;
  appendAll(ledger, 2, 1);
  const { degraded, queued, lastError } = ledger.status();
  assert.deepEqual({ degraded, queued }, { degraded: true, queued: 1 });
  assert.match(lastError ?? "", /could not be renewed/);

  rmdirSync(`${fixture.path}.lock`);
  await until("it writes again", () => !ledger.status().degraded);
  assert.equal(linesIn(fixture.path).length, 3);
});

test("a lock that was copied to its place, as by a backup, is renewed there", (t) => {
  const fixture = ledgerFixture(t);
  let now = Date.now();
  const ledger = fixture.open({ now: () => now });
  cpSync(`${fixture.path}.lock`, `${fixture.path}.copy`);
  renameSync(`${fixture.path}.copy`, `${fixture.path}.lock`);
  now += MINUTE;
  appendAll(ledger, 0, 1);
  assert.equal(lockIn(fixture).heartbeat, new Date(now).toISOString());
});

test("closing does not remove a lock that another instance has taken", (t) => {
  const fixture = ledgerFixture(t);
  const ledger = fixture.open();
  leaveLock(fixture, 0);
  ledger.close();
  assert.equal(lockIn(fixture).instance, "other");
});

test("a deleted lock is created again", (t) => {
  const fixture = ledgerFixture(t);
  let now = Date.now();
  const ledger = fixture.open({ now: () => now });
  rmSync(`${fixture.path}.lock`);
  now += MINUTE;
  appendAll(ledger, 0, 1);
  assert.equal(lockIn(fixture).instance, "one");
});

test("a ledger that replaces that of a dead worker takes over its lock, and no other", (t) => {
  const fixture = ledgerFixture(t);
  const dead = fixture.open({ instance: "boot.1" });
  assert.throws(() => fixture.open({ instance: "boot.2" }), LedgerOpenError);
  assert.throws(() => fixture.open({ instance: "boot.2", replaces: "boot.0" }), LedgerOpenError);
  fixture.open({ instance: "boot.2", replaces: "boot.1" });
  assert.equal(lockIn(fixture).instance, "boot.2");
  dead.close();
  assert.equal(lockIn(fixture).instance, "boot.2");
});
