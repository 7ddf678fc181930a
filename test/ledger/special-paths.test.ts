import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { LedgerOpenError } from "../../src/ledger/files/ledger-open-error.ts";
import { LedgerProcess } from "./ledger-process.ts";
import { appendAll, linesIn, linesOf, numbers, rotatedNames, unlessWorks, until, ledgerFixture } from "./fixture.ts";

const noFifo = unlessWorks("sh", "-c", "command -v mkfifo");

/** Reads a FIFO without blocking. */
function reader(t: TestContext, path: string): () => string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  t.after(() => closeSync(fd));
  const block = Buffer.alloc(4096);
  let text = "";
  return () => {
    try {
      text += block.subarray(0, readSync(fd, block)).toString();
    } catch (error) {
      assert.match(String(error), /EAGAIN/);
    }
    return text;
  };
}

test(
  "R69: a FIFO without a reader does not block the ledger, and receives everything once it has one",
  { skip: noFifo },
  async (t) => {
    const fixture = ledgerFixture(t);
    spawnSync("mkfifo", [fixture.path]);
    const ledger = fixture.open();
    appendAll(ledger, 0, 5);
    assert.equal(ledger.status().degraded, true);
    const read = reader(t, fixture.path);
    await until("the records arrive", () => read().split("\n").length === 6);
    assert.deepEqual(
      linesOf(read()).map(({ n }) => n),
      numbers(0, 5),
    );
    assert.equal(ledger.status().degraded, false);
    assert.deepEqual(readdirSync(fixture.dir), ["stats.jsonl"]);
  },
);

test("R69: a FIFO that is read slowly receives whole lines, each once", { skip: noFifo }, async (t) => {
  const fixture = ledgerFixture(t);
  spawnSync("mkfifo", [fixture.path]);
  const read = reader(t, fixture.path);
  const ledger = fixture.open({ rotateBytes: 1_000 });
  for (let n = 0; n < 2_000; n += 100) appendAll(ledger, n, 100);
  assert.ok(ledger.status().queued > 0, "the pipe is full");
  await until("the last record arrives", () => read().endsWith('"seq":2000}\n'));
  assert.deepEqual(
    linesOf(read()).map(({ n }) => n),
    numbers(0, 2_000),
  );
});

test("R69: /dev/full keeps records in the queue, /dev/null accepts them, and neither is locked, rotated or replaced", (t) => {
  const fixture = ledgerFixture(t);
  const full = fixture.open({ path: "/dev/full" });
  appendAll(full, 0, 3);
  const { degraded, queued, lastError } = full.status();
  assert.deepEqual({ degraded, queued }, { degraded: true, queued: 3 });
  assert.match(lastError ?? "", /ENOSPC/);

  const none = fixture.open({ path: "/dev/null", rotateBytes: 10 });
  appendAll(none, 0, 3);
  const { written, rotations } = none.status();
  assert.deepEqual({ written, rotations }, { written: 3, rotations: 0 });
  assert.ok(lstatSync("/dev/null").isCharacterDevice());
  assert.deepEqual(
    readdirSync("/dev").filter((name) => name.endsWith(".lock")),
    [],
  );
});

test("R69: /dev/stdout is appended to, whether it is a pipe or a file", async (t) => {
  const fixture = ledgerFixture(t);
  // A pipe of the shell, because Node would give the child a socket, which cannot be opened by name.
  const piped = new LedgerProcess(t, ["sh", "-c", '"$@" | cat', "sh"]);
  await piped.open({ path: "/dev/stdout" });
  await piped.send({ kind: "append", from: 0, count: 2 });
  await until("the pipe delivers", () => linesOf(piped.output).length === 2);

  const out = openSync(fixture.path, "w");
  t.after(() => closeSync(out));
  const redirected = new LedgerProcess(t, [], out);
  await redirected.open({ path: "/dev/stdout", rotateBytes: 10 });
  await redirected.send({ kind: "append", from: 0, count: 2 });
  await redirected.send({ kind: "append", from: 2, count: 2 });
  assert.equal(linesIn(fixture.path).length, 4);
  assert.deepEqual(readdirSync(fixture.dir), ["stats.jsonl"]);
});

test("R69: a directory is rejected, and the message suggests a path", (t) => {
  const fixture = ledgerFixture(t);
  assert.throws(
    () => fixture.open({ path: fixture.dir }),
    (error) => error instanceof LedgerOpenError && error.message.includes(`${fixture.dir}/stats.jsonl`),
  );
});

test("R69: lock and rotation follow a symbolic link, and it stays a link", (t) => {
  const fixture = ledgerFixture(t);
  const elsewhere = join(fixture.dir, "elsewhere");
  mkdirSync(elsewhere);
  symlinkSync("elsewhere/stats.jsonl", fixture.path);
  const ledger = fixture.open({ rotateBytes: 100 });
  appendAll(ledger, 0, 1);
  appendAll(ledger, 1, 1);
  assert.ok(lstatSync(fixture.path).isSymbolicLink());
  assert.deepEqual(
    linesIn(fixture.path).map(({ n }) => n),
    [1],
  );
  assert.equal(rotatedNames(elsewhere).length, 1);
  assert.ok(readdirSync(elsewhere).includes("stats.jsonl.lock"));
});

test("R54: the ledger starts although its directory cannot be written", async (t) => {
  const fixture = ledgerFixture(t);
  // A file in place of the directory, so that the test works for root as well.
  const blocked = join(fixture.dir, "blocked");
  closeSync(openSync(blocked, "w"));
  const ledger = fixture.open({ path: join(blocked, "stats.jsonl") });
  appendAll(ledger, 0, 1);
  const { degraded, queued } = ledger.status();
  assert.deepEqual({ degraded, queued }, { degraded: true, queued: 1 });
});

const CAN_RUN = 'test -r "$1" && "$0" --version';

test(
  "R55: writing continues after the directory has become inaccessible",
  {
    // No mode stops root, so the writer runs as another user, who must be able to read this checkout.
    skip:
      process.getuid?.() === 0
        ? unlessWorks(
            "setpriv",
            "--reuid=65534",
            "--clear-groups",
            "sh",
            "-c",
            CAN_RUN,
            process.execPath,
            import.meta.filename,
          )
        : false,
  },
  async (t) => {
    const fixture = ledgerFixture(t);
    chmodSync(fixture.dir, 0o777);
    const asOtherUser = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--clear-groups"] : [];
    const child = new LedgerProcess(t, asOtherUser);
    await child.open({ path: fixture.path, fileMode: 0o666 });
    chmodSync(fixture.dir, 0o000);
    await child.send({ kind: "append", from: 0, count: 5 });
    const { written, degraded } = await child.status();
    chmodSync(fixture.dir, 0o777);
    assert.deepEqual({ written, degraded }, { written: 5, degraded: false });
    assert.equal(linesIn(fixture.path).length, 5);
  },
);

test(
  "R71: a program that follows the file reads every record once and none in parts",
  { skip: unlessWorks("tail", "--version") },
  async (t) => {
    const fixture = ledgerFixture(t);
    const ledger = fixture.open();
    const tail = spawn("tail", ["-n", "+1", "-F", fixture.path], { stdio: ["ignore", "pipe", "ignore"] });
    t.after(() => tail.kill());
    let text = "";
    tail.stdout.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    for (let n = 0; n < 3_000; n += 30) {
      appendAll(ledger, n, 30);
      await until("the reader has started", () => text.length > 0);
    }
    await until("the reader has everything", () => text.length === readFileSync(fixture.path).length);
    assert.deepEqual(
      linesOf(text).map(({ n }) => n),
      numbers(0, 3_000),
    );
  },
);
