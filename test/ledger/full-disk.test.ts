import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

import type { TimedEvent } from "../../src/ledger/events/ledger-event.ts";
import { Child } from "./child.ts";
import type { Reply } from "./child.ts";
import { linesOf, numbers, unlessWorks, until, workplace } from "./fixture.ts";
import type { Line } from "./fixture.ts";

const CALLS = 2_000;

/** Appends the calls in messages of 64 while nothing more fits, and checks the state that leaves behind. */
async function fillUp(child: Child, path: string): Promise<void> {
  for (let from = 0; from < CALLS; from += 64) {
    await child.ask({ kind: "append", from, count: Math.min(64, CALLS - from) });
  }
  const status = await child.status();
  assert.equal(status.degraded, true);
  assert.ok(status.lastError);
  assert.ok(status.dropped > 0, "more records came than memory may hold");
  assert.equal(status.written + status.queued + status.dropped, CALLS);
  assert.equal(linesOf(readFileSync(path, "utf8")).length, status.written);
}

async function checkRecovery(child: Child, path: string): Promise<void> {
  await until("it writes again", async () => !(await child.status()).degraded);
  const { written, dropped, queued } = await child.status();
  const { status, log } = await child.ask({ kind: "append", from: CALLS, count: 1 });
  const lines = linesOf(readFileSync(path, "utf8"));
  assert.equal(queued, 0);
  assert.equal(status?.written, written + 1);
  assert.equal(lines.length, written + 1);
  assert.equal(missing(lines), dropped);
  assert.deepEqual(explained(join(dirname(path), "ledger-events.jsonl")), absent(lines));
  assert.deepEqual(levels(log), ["error", "error", "info"]);
}

/** Records that the sequence says there were and that are not there; fails if one is there twice or out of order. */
function missing(lines: readonly Line[]): number {
  let last = 0;
  for (const { n, seq } of lines) {
    assert.equal(seq, n + 1);
    assert.ok(seq > last, `${seq} after ${last}`);
    last = seq;
  }
  return last - lines.length;
}

/** The numbers between those that are there. */
function absent(lines: readonly Line[]): number[] {
  const present = new Set(lines.map(({ seq }) => seq));
  return numbers(1, lines.at(-1)?.seq ?? 1).filter((seq) => !present.has(seq));
}

/** The numbers that gap lines say are missing, in order; each says how many as well. */
function explained(events: string): number[] {
  const told = readFileSync(events, "utf8").split("\n").slice(0, -1);
  return told
    .map((line) => JSON.parse(line) as TimedEvent) // Written by the ledger under test.
    .filter((event) => event.event === "gap")
    .flatMap(({ from_seq, to_seq, records, reason }) => {
      assert.equal(reason, "queue_full");
      assert.equal(records, to_seq - from_seq + 1);
      return numbers(from_seq, to_seq + 1);
    });
}

function levels(log: Reply["log"]): string[] {
  return log.map(({ level }) => level);
}

test(
  "R53: a full disk costs the oldest records beyond the bound, counted, and writing resumes when there is space",
  { skip: unlessWorks("unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=256k", "none", "/mnt") },
  async (t) => {
    const { dir, path } = workplace(t);
    const script = 'mount -t tmpfs -o size=256k none "$0" && exec "$@"';
    const child = new Child(t, ["unshare", "-m", "sh", "-c", script, dir]);
    await child.ask({ kind: "status" });
    const seenFromHere = `/proc/${child.pid}/root${path}`;
    const ballast = `/proc/${child.pid}/root${join(dir, "ballast")}`;
    await child.open({ path, maxQueueBytes: 64 * 1024 });
    writeFileSync(ballast, Buffer.alloc(128 * 1024));
    await fillUp(child, seenFromHere);
    rmSync(ballast);
    await checkRecovery(child, seenFromHere);
  },
);

test(
  "R53: a file that may not grow is left in whole lines, and is continued when it may",
  { skip: unlessWorks("prlimit", "--fsize=100000:", "true") },
  async (t) => {
    const { path } = workplace(t);
    const child = new Child(t, ["prlimit", "--fsize=100000:"]);
    await child.open({ path, maxQueueBytes: 64 * 1024 });
    await fillUp(child, path);
    const { status } = spawnSync("prlimit", [`--pid=${child.pid}`, "--fsize=unlimited:"]);
    assert.equal(status, 0);
    await checkRecovery(child, path);
  },
);

test("what is still in memory at the end of a failing disk is counted as dropped", (t) => {
  const place = workplace(t);
  const ledger = place.open({ path: "/dev/full" });
  for (let n = 0; n < 5; n += 1) ledger.append(JSON.stringify({ n }));
  ledger.flush();
  ledger.close();
  const { written, dropped, queued } = ledger.status();
  assert.deepEqual({ written, dropped, queued }, { written: 0, dropped: 5, queued: 0 });
});
