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
import { Child } from "./child.ts";
import { appendAll, linesIn, linesOf, numbers, rotatedNames, unlessWorks, until, workplace } from "./fixture.ts";

const noFifo = unlessWorks("sh", "-c", "command -v mkfifo");

/** Reads a FIFO without ever waiting for it. */
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
  "R69: a FIFO that nobody reads does not hold the ledger up, and gets everything once somebody does",
  { skip: noFifo },
  async (t) => {
    const place = workplace(t);
    spawnSync("mkfifo", [place.path]);
    const ledger = place.open();
    appendAll(ledger, 0, 5);
    assert.equal(ledger.status().degraded, true);
    const read = reader(t, place.path);
    await until("the records arrive", () => read().split("\n").length === 6);
    assert.deepEqual(
      linesOf(read()).map(({ n }) => n),
      numbers(0, 5),
    );
    assert.equal(ledger.status().degraded, false);
    assert.deepEqual(readdirSync(place.dir), ["stats.jsonl"]);
  },
);

test("R69: a FIFO read more slowly than it is written gets whole lines, each once", { skip: noFifo }, async (t) => {
  const place = workplace(t);
  spawnSync("mkfifo", [place.path]);
  const read = reader(t, place.path);
  const ledger = place.open({ rotateBytes: 1_000 });
  for (let n = 0; n < 2_000; n += 100) appendAll(ledger, n, 100);
  assert.ok(ledger.status().queued > 0, "the pipe is full");
  await until("the last record arrives", () => read().endsWith('"seq":2000}\n'));
  assert.deepEqual(
    linesOf(read()).map(({ n }) => n),
    numbers(0, 2_000),
  );
});

test("R69: /dev/full keeps records waiting; /dev/null takes them; neither is locked, rotated or replaced", (t) => {
  const place = workplace(t);
  const full = place.open({ path: "/dev/full" });
  appendAll(full, 0, 3);
  const { degraded, queued, lastError } = full.status();
  assert.deepEqual({ degraded, queued }, { degraded: true, queued: 3 });
  assert.match(lastError ?? "", /ENOSPC/);

  const none = place.open({ path: "/dev/null", rotateBytes: 10 });
  appendAll(none, 0, 3);
  const { written, rotations } = none.status();
  assert.deepEqual({ written, rotations }, { written: 3, rotations: 0 });
  assert.ok(lstatSync("/dev/null").isCharacterDevice());
  assert.deepEqual(
    readdirSync("/dev").filter((name) => name.endsWith(".lock")),
    [],
  );
});

test("R69: /dev/stdout is appended to where it is a pipe, and where it is a file", async (t) => {
  const place = workplace(t);
  // A shell's pipe: Node would give the child a socket, and a socket cannot be opened by name.
  const piped = new Child(t, ["sh", "-c", '"$@" | cat', "sh"]);
  await piped.open({ path: "/dev/stdout" });
  await piped.ask({ kind: "append", from: 0, count: 2 });
  await until("the pipe delivers", () => linesOf(piped.output).length === 2);

  const out = openSync(place.path, "w");
  t.after(() => closeSync(out));
  const redirected = new Child(t, [], out);
  await redirected.open({ path: "/dev/stdout", rotateBytes: 10 });
  await redirected.ask({ kind: "append", from: 0, count: 2 });
  await redirected.ask({ kind: "append", from: 2, count: 2 });
  assert.equal(linesIn(place.path).length, 4);
  assert.deepEqual(readdirSync(place.dir), ["stats.jsonl"]);
});

test("R69: a directory is refused, and the message says what would do", (t) => {
  const place = workplace(t);
  assert.throws(
    () => place.open({ path: place.dir }),
    (error) => error instanceof LedgerOpenError && error.message.includes(`${place.dir}/stats.jsonl`),
  );
});

test("R69: a symbolic link is followed, also by lock and rotation, and stays a link", (t) => {
  const place = workplace(t);
  const elsewhere = join(place.dir, "elsewhere");
  mkdirSync(elsewhere);
  symlinkSync("elsewhere/stats.jsonl", place.path);
  const ledger = place.open({ rotateBytes: 100 });
  appendAll(ledger, 0, 1);
  appendAll(ledger, 1, 1);
  assert.ok(lstatSync(place.path).isSymbolicLink());
  assert.deepEqual(
    linesIn(place.path).map(({ n }) => n),
    [1],
  );
  assert.equal(rotatedNames(elsewhere).length, 1);
  assert.ok(readdirSync(elsewhere).includes("stats.jsonl.lock"));
});

test("R54: a directory that cannot be written does not keep the ledger from starting", async (t) => {
  const place = workplace(t);
  // In the way of a directory, so that the test holds for root as well.
  const blocked = join(place.dir, "blocked");
  closeSync(openSync(blocked, "w"));
  const ledger = place.open({ path: join(blocked, "stats.jsonl") });
  appendAll(ledger, 0, 1);
  const { degraded, queued } = ledger.status();
  assert.deepEqual({ degraded, queued }, { degraded: true, queued: 1 });
});

const CAN_RUN = 'test -r "$1" && "$0" --version';

test(
  "R55: a directory taken away from us after the start does not stop writing",
  {
    // Root is stopped by no mode, so the writer runs as somebody else, who must be able to read this checkout.
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
    const place = workplace(t);
    chmodSync(place.dir, 0o777);
    const asNobody = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--clear-groups"] : [];
    const child = new Child(t, asNobody);
    await child.open({ path: place.path, fileMode: 0o666 });
    chmodSync(place.dir, 0o000);
    await child.ask({ kind: "append", from: 0, count: 5 });
    const { written, degraded } = await child.status();
    chmodSync(place.dir, 0o777);
    assert.deepEqual({ written, degraded }, { written: 5, degraded: false });
    assert.equal(linesIn(place.path).length, 5);
  },
);

test(
  "R71: a reader that follows the file gets every record once and none in parts",
  { skip: unlessWorks("tail", "--version") },
  async (t) => {
    const place = workplace(t);
    const ledger = place.open();
    const tail = spawn("tail", ["-n", "+1", "-F", place.path], { stdio: ["ignore", "pipe", "ignore"] });
    t.after(() => tail.kill());
    let text = "";
    tail.stdout.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    for (let n = 0; n < 3_000; n += 30) {
      appendAll(ledger, n, 30);
      await until("the reader has begun", () => text.length > 0);
    }
    await until("the reader has everything", () => text.length === readFileSync(place.path).length);
    assert.deepEqual(
      linesOf(text).map(({ n }) => n),
      numbers(0, 3_000),
    );
  },
);
