import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFileSync, existsSync, ftruncateSync, openSync, closeSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { LedgerProcess } from "./ledger-process.ts";
import { appendAll, linesIn, linesOf, numbers, record, unlessWorks, until, ledgerFixture } from "./fixture.ts";

const whole = `${record(0)}\n${record(1)}\n`;

test("R63: a torn last line is moved to another file at start, wherever it ends", (t) => {
  const fixture = ledgerFixture(t);
  const last = '{"n":2,"model":"é"}\n';
  const bytes = Buffer.from(last);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    writeFileSync(fixture.path, Buffer.concat([Buffer.from(whole), bytes.subarray(0, cut)]));
    writeFileSync(`${fixture.path}.corrupt`, "");
    const ledger = fixture.open();
    appendAll(ledger, 3, 1);
    ledger.close();
    const isWhole = cut === bytes.length;
    assert.deepEqual(
      linesIn(fixture.path).map(({ n }) => n),
      isWhole ? [0, 1, 2, 3] : [0, 1, 3],
    );
    const saved = cut === 0 || isWhole ? Buffer.alloc(0) : Buffer.concat([bytes.subarray(0, cut), Buffer.from("\n")]);
    assert.deepEqual(readFileSync(`${fixture.path}.corrupt`), saved);
  }
});

test("R63: torn lines are collected in one file, and each is reported", (t) => {
  const fixture = ledgerFixture(t);
  for (const fragment of ['{"n":', "\0\0\0\0"]) {
    appendFileSync(fixture.path, whole + fragment);
    fixture.open().close();
  }
  assert.equal(readFileSync(fixture.path, "utf8"), whole + whole);
  assert.equal(readFileSync(`${fixture.path}.corrupt`, "utf8"), '{"n":\n\0\0\0\0\n');
  assert.deepEqual(
    fixture.log.map(({ level }) => level),
    ["warn", "warn"],
  );
});

test("a file that consists of one torn line is emptied", (t) => {
  const fixture = ledgerFixture(t);
  const fragment = "x".repeat(300_000);
  writeFileSync(fixture.path, fragment);
  appendAll(fixture.open(), 0, 1);
  assert.equal(linesIn(fixture.path).length, 1);
  assert.equal(readFileSync(`${fixture.path}.corrupt`, "utf8"), `${fragment}\n`);
});

test(
  "a torn line that cannot be cut off is ended before the next record",
  { skip: unlessWorks("strace", "-o", "/dev/null", "true") },
  async (t) => {
    const fixture = ledgerFixture(t);
    writeFileSync(fixture.path, `${whole}{"n":2`);
    const child = new LedgerProcess(t, ["strace", "-o", "/dev/null", "-e", "inject=ftruncate:error=EPERM"]);
    await child.open({ path: fixture.path });
    await child.send({ kind: "append", from: 3, count: 2 });
    const lines = readFileSync(fixture.path, "utf8").split("\n");
    assert.equal(lines[2], '{"n":2');
    assert.deepEqual(
      linesOf(lines.slice(3).join("\n")).map(({ n }) => n),
      [3, 4],
    );
  },
);

test(
  "R63: a torn line is repaired by the next start if the process is killed before it could repair it",
  { skip: unlessWorks("prlimit", "--fsize=1000:", "strace", "-o", "/dev/null", "true") },
  async (t) => {
    const fixture = ledgerFixture(t);
    const trace = ["-o", "/dev/null", "-e", "trace=ftruncate", "-e", "inject=ftruncate:signal=KILL"];
    const child = new LedgerProcess(t, ["strace", ...trace, "prlimit", "--fsize=1000:"]);
    await child.open({ path: fixture.path });
    const ended = once(child.process, "exit");
    child.process.send({ kind: "append", from: 0, count: 64 });
    await ended;
    const left = readFileSync(fixture.path, "utf8");
    const end = left.lastIndexOf("\n") + 1;
    assert.equal(left.length, 1000);
    assert.ok(end < left.length, "the process was killed before the repair");
    appendAll(fixture.open({ instance: "next" }), 64, 1);
    assert.deepEqual(linesIn(fixture.path), [...linesOf(left.slice(0, end)), ...linesIn(fixture.path).slice(-1)]);
    assert.equal(readFileSync(`${fixture.path}.corrupt`, "utf8"), `${left.slice(end)}\n`);
  },
);

// The kernel may end the write of a killed process at a page boundary, so the last line may be torn. What was appended before is
// complete.
test("R62: kill -9 loses no appended record, and the next start sets a torn last line aside", async (t) => {
  const fixture = ledgerFixture(t);
  let from = 0;
  for (const instance of ["a", "b", "c"]) {
    const child = new LedgerProcess(t);
    const { error } = await child.open({ path: fixture.path, instance });
    assert.equal(error, undefined, "the lock of a killed process on this machine is free at once");
    await child.send({ kind: "run" });
    await until("it has written some batches", () => child.output.split("\n").length > 20);
    await child.kill();
    const appended = Number(child.output.split("\n").at(-2));
    const left = readFileSync(fixture.path, "utf8");
    const end = left.lastIndexOf("\n") + 1;
    writeFileSync(`${fixture.path}.corrupt`, "");
    fixture.open({ instance: `after ${instance}` }).close();
    assert.equal(readFileSync(fixture.path, "utf8"), left.slice(0, end));
    assert.equal(readFileSync(`${fixture.path}.corrupt`, "utf8"), end < left.length ? `${left.slice(end)}\n` : "");
    const seqs = linesIn(fixture.path)
      .slice(from)
      .map(({ seq }) => seq);
    assert.deepEqual(seqs, numbers(1, seqs.length + 1));
    assert.ok(seqs.length >= appended, `${seqs.length} of ${appended}`);
    from += seqs.length;
  }
});

test(
  "R65: after a failed sync the file is closed unchanged and a new one is started",
  { skip: unlessWorks("strace", "-o", "/dev/null", "true") },
  async (t) => {
    const fixture = ledgerFixture(t);
    const trace = `${fixture.dir}/trace`;
    const filter = ["-e", "trace=fdatasync,close", "-e", "inject=fdatasync:error=EIO:when=1"];
    const child = new LedgerProcess(t, ["strace", "-o", trace, ...filter]);
    await child.open({ path: fixture.path, flushIntervalMs: 50 });
    await child.send({ kind: "append", from: 0, count: 10 });
    await until("a new file is started", async () => (await child.status()).rotations === 1);
    const { log } = await child.send({ kind: "append", from: 10, count: 10 });
    assert.deepEqual(
      log.map(({ level }) => level),
      ["error"],
    );
    assert.deepEqual(
      linesIn(fixture.path).map(({ n }) => n),
      numbers(10, 20),
    );
    await child.send({ kind: "close" });
    await child.stop();
    const lines = readFileSync(trace, "utf8").split("\n");
    const failed = lines.findIndex((line) => line.includes("EIO"));
    const fd = /fdatasync\((\d+)\)/.exec(lines[failed] ?? "")?.[1];
    const closed = lines.findIndex((line, at) => at > failed && line.startsWith(`close(${fd})`));
    assert.ok(closed > failed, "the file was closed");
    assert.ok(
      !lines.slice(failed + 1, closed).some((line) => line.startsWith(`fdatasync(${fd})`)),
      "and not synced again",
    );
  },
);

test("closing syncs the written records", { skip: unlessWorks("strace", "-o", "/dev/null", "true") }, async (t) => {
  const fixture = ledgerFixture(t);
  const trace = `${fixture.dir}/trace`;
  const child = new LedgerProcess(t, ["strace", "-o", trace, "-e", "trace=write,fdatasync,unlink"]);
  await child.open({ path: fixture.path });
  await child.send({ kind: "append", from: 0, count: 10 });
  await child.send({ kind: "close" });
  await child.stop();
  assert.match(readFileSync(trace, "utf8"), /write\((\d+), "\{\\"n\\":0[^]*fdatasync\(\1\)[^]*unlink\(".*\.lock"\)/);
  assert.ok(!existsSync(`${fixture.path}.lock`));
});

test(
  "R70: only the end of a huge file is read at start",
  { skip: existsSync("/proc/self/io") ? false : "needs /proc/self/io" },
  (t) => {
    const fixture = ledgerFixture(t);
    const size = 4 * 1024 ** 3;
    const fd = openSync(fixture.path, "w");
    ftruncateSync(fd, size);
    closeSync(fd);
    appendFileSync(fixture.path, `\n${whole}{"n":2`);
    const before = bytesRead();
    fixture.open({ rotateBytes: 2 * size });
    assert.ok(bytesRead() - before < 1024 ** 2);
    assert.equal(readFileSync(`${fixture.path}.corrupt`, "utf8"), '{"n":2\n');
  },
);

function bytesRead(): number {
  return Number(/rchar: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}
