import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

import type { TimedEvent } from "../../src/ledger/events/ledger-event.ts";
import { LedgerProcess } from "./ledger-process.ts";
import type { CommandResult } from "./ledger-process.ts";
import { linesOf, numbers, unlessWorks, until, ledgerFixture } from "./fixture.ts";
import type { Line } from "./fixture.ts";

const RECORDS = 2_000;

/** Appends more records than fit, in batches of 64, and checks the resulting status. */
async function fillUp(child: LedgerProcess, path: string): Promise<void> {
  for (let from = 0; from < RECORDS; from += 64) {
    await child.send({ kind: "append", from, count: Math.min(64, RECORDS - from) });
  }
  const status = await child.status();
  assert.equal(status.degraded, true);
  assert.ok(status.lastError);
  assert.ok(status.dropped > 0, "more records arrived than the queue can hold");
  assert.equal(status.written + status.queued + status.dropped, RECORDS);
  assert.equal(linesOf(readFileSync(path, "utf8")).length, status.written);
}

async function checkRecovery(child: LedgerProcess, path: string): Promise<void> {
  await until("it can write again", async () => !(await child.status()).degraded);
  const { written, dropped, queued } = await child.status();
  const { status, log } = await child.send({ kind: "append", from: RECORDS, count: 1 });
  const lines = linesOf(readFileSync(path, "utf8"));
  assert.equal(queued, 0);
  assert.equal(status?.written, written + 1);
  assert.equal(lines.length, written + 1);
  assert.equal(missingRecords(lines), dropped);
  assert.deepEqual(reported(join(dirname(path), "ledger-events.jsonl")), absentNumbers(lines));
  assert.deepEqual(levels(log), ["error", "error", "info"]);
}

/** The number of records that the sequence numbers show to be missing; fails on duplicates and wrong order. */
function missingRecords(lines: readonly Line[]): number {
  let last = 0;
  for (const { n, seq } of lines) {
    assert.equal(seq, n + 1);
    assert.ok(seq > last, `${seq} after ${last}`);
    last = seq;
  }
  return last - lines.length;
}

/** The sequence numbers that are missing. */
function absentNumbers(lines: readonly Line[]): number[] {
  const present = new Set(lines.map(({ seq }) => seq));
  return numbers(1, lines.at(-1)?.seq ?? 1).filter((seq) => !present.has(seq));
}

/** The sequence numbers that gap events report as missing, in order. */
function reported(events: string): number[] {
  const eventLines = readFileSync(events, "utf8").split("\n").slice(0, -1);
  return eventLines
    .map((line) => JSON.parse(line) as TimedEvent) // as: written by the ledger under test
    .filter((event) => event.event === "gap")
    .flatMap(({ from_seq, to_seq, records, reason }) => {
      assert.equal(reason, "queue_full");
      assert.equal(records, to_seq - from_seq + 1);
      return numbers(from_seq, to_seq + 1);
    });
}

function levels(log: CommandResult["log"]): string[] {
  return log.map(({ level }) => level);
}

test(
  "R53: on a full disk the oldest records beyond the limit are dropped and counted, and writing resumes when there is space",
  { skip: unlessWorks("unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=256k", "none", "/mnt") },
  async (t) => {
    const { dir, path } = ledgerFixture(t);
    const script = 'mount -t tmpfs -o size=256k none "$0" && exec "$@"';
    const child = new LedgerProcess(t, ["unshare", "-m", "sh", "-c", script, dir]);
    await child.send({ kind: "status" });
    const pathFromHere = `/proc/${child.pid}/root${path}`;
    const ballast = `/proc/${child.pid}/root${join(dir, "ballast")}`;
    await child.open({ path, maxQueueBytes: 64 * 1024 });
    writeFileSync(ballast, Buffer.alloc(128 * 1024));
    await fillUp(child, pathFromHere);
    rmSync(ballast);
    await checkRecovery(child, pathFromHere);
  },
);

test(
  "R53: a file that may not grow ends in a whole line, and is continued when it may grow again",
  { skip: unlessWorks("prlimit", "--fsize=100000:", "true") },
  async (t) => {
    const { path } = ledgerFixture(t);
    const child = new LedgerProcess(t, ["prlimit", "--fsize=100000:"]);
    await child.open({ path, maxQueueBytes: 64 * 1024 });
    await fillUp(child, path);
    const { status } = spawnSync("prlimit", [`--pid=${child.pid}`, "--fsize=unlimited:"]);
    assert.equal(status, 0);
    await checkRecovery(child, path);
  },
);

test("records that are still in memory when the ledger closes on a failing disk count as dropped", (t) => {
  const fixture = ledgerFixture(t);
  const ledger = fixture.open({ path: "/dev/full" });
  for (let n = 0; n < 5; n += 1) ledger.append(JSON.stringify({ n }));
  ledger.flush();
  ledger.close();
  const { written, dropped, queued } = ledger.status();
  assert.deepEqual({ written, dropped, queued }, { written: 0, dropped: 5, queued: 0 });
});
