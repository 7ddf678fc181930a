import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFileSync, existsSync, ftruncateSync, openSync, closeSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { Child } from "./child.ts";
import { appendAll, linesIn, linesOf, numbers, record, unlessWorks, until, workplace } from "./fixture.ts";

const whole = `${record(0)}\n${record(1)}\n`;

test("R63: an unfinished last line is set aside at start, at whatever byte it ends", (t) => {
  const place = workplace(t);
  const last = '{"n":2,"model":"é"}\n';
  const bytes = Buffer.from(last);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    writeFileSync(place.path, Buffer.concat([Buffer.from(whole), bytes.subarray(0, cut)]));
    writeFileSync(`${place.path}.corrupt`, "");
    const ledger = place.open();
    appendAll(ledger, 3, 1);
    ledger.close();
    const isWhole = cut === bytes.length;
    assert.deepEqual(
      linesIn(place.path).map(({ n }) => n),
      isWhole ? [0, 1, 2, 3] : [0, 1, 3],
    );
    const saved = cut === 0 || isWhole ? Buffer.alloc(0) : Buffer.concat([bytes.subarray(0, cut), Buffer.from("\n")]);
    assert.deepEqual(readFileSync(`${place.path}.corrupt`), saved);
  }
});

test("R63: fragments gather in one file, and each is reported", (t) => {
  const place = workplace(t);
  for (const fragment of ['{"n":', "\0\0\0\0"]) {
    appendFileSync(place.path, whole + fragment);
    place.open().close();
  }
  assert.equal(readFileSync(place.path, "utf8"), whole + whole);
  assert.equal(readFileSync(`${place.path}.corrupt`, "utf8"), '{"n":\n\0\0\0\0\n');
  assert.deepEqual(
    place.log.map(({ level }) => level),
    ["warn", "warn"],
  );
});

test("a file that is nothing but an unfinished line is emptied", (t) => {
  const place = workplace(t);
  const fragment = "x".repeat(300_000);
  writeFileSync(place.path, fragment);
  appendAll(place.open(), 0, 1);
  assert.equal(linesIn(place.path).length, 1);
  assert.equal(readFileSync(`${place.path}.corrupt`, "utf8"), `${fragment}\n`);
});

test(
  "an unfinished line that cannot be cut off is ended before the next record",
  { skip: unlessWorks("strace", "-o", "/dev/null", "true") },
  async (t) => {
    const place = workplace(t);
    writeFileSync(place.path, `${whole}{"n":2`);
    const child = new Child(t, ["strace", "-o", "/dev/null", "-e", "inject=ftruncate:error=EPERM"]);
    await child.open({ path: place.path });
    await child.ask({ kind: "append", from: 3, count: 2 });
    const lines = readFileSync(place.path, "utf8").split("\n");
    assert.equal(lines[2], '{"n":2');
    assert.deepEqual(
      linesOf(lines.slice(3).join("\n")).map(({ n }) => n),
      [3, 4],
    );
  },
);

test(
  "R63: killed between half a line and its repair, the next start repairs it",
  { skip: unlessWorks("prlimit", "--fsize=1000:", "strace", "-o", "/dev/null", "true") },
  async (t) => {
    const place = workplace(t);
    const trace = ["-o", "/dev/null", "-e", "trace=ftruncate", "-e", "inject=ftruncate:signal=KILL"];
    const child = new Child(t, ["strace", ...trace, "prlimit", "--fsize=1000:"]);
    await child.open({ path: place.path });
    const ended = once(child.process, "exit");
    child.process.send({ kind: "append", from: 0, count: 64 });
    await ended;
    const left = readFileSync(place.path, "utf8");
    const end = left.lastIndexOf("\n") + 1;
    assert.equal(left.length, 1000);
    assert.ok(end < left.length, "the kill came in time");
    appendAll(place.open({ instance: "next" }), 64, 1);
    assert.deepEqual(linesIn(place.path), [...linesOf(left.slice(0, end)), ...linesIn(place.path).slice(-1)]);
    assert.equal(readFileSync(`${place.path}.corrupt`, "utf8"), `${left.slice(end)}\n`);
  },
);

test("R62: kill -9 tears no line and loses no record that was handed over", async (t) => {
  const place = workplace(t);
  let from = 0;
  for (const instance of ["a", "b", "c"]) {
    const child = new Child(t);
    const { error } = await child.open({ path: place.path, instance });
    assert.equal(error, undefined, "the lock of a killed process on this machine is free at once");
    await child.ask({ kind: "run" });
    await until("it has written some batches", () => child.output.split("\n").length > 20);
    await child.kill();
    const handedOver = Number(child.output.split("\n").at(-2));
    const seqs = linesIn(place.path)
      .slice(from)
      .map(({ seq }) => seq);
    assert.deepEqual(seqs, numbers(1, seqs.length + 1));
    assert.ok(seqs.length >= handedOver, `${seqs.length} of ${handedOver}`);
    from += seqs.length;
  }
});

test(
  "R65: after a failed sync the file is left as it is and a new one is begun",
  { skip: unlessWorks("strace", "-o", "/dev/null", "true") },
  async (t) => {
    const place = workplace(t);
    const trace = `${place.dir}/trace`;
    const filter = ["-e", "trace=fdatasync,close", "-e", "inject=fdatasync:error=EIO:when=1"];
    const child = new Child(t, ["strace", "-o", trace, ...filter]);
    await child.open({ path: place.path, flushIntervalMs: 50 });
    await child.ask({ kind: "append", from: 0, count: 10 });
    await until("a new file is begun", async () => (await child.status()).rotations === 1);
    const { log } = await child.ask({ kind: "append", from: 10, count: 10 });
    assert.deepEqual(
      log.map(({ level }) => level),
      ["error"],
    );
    assert.deepEqual(
      linesIn(place.path).map(({ n }) => n),
      numbers(10, 20),
    );
    await child.ask({ kind: "close" });
    await child.stop();
    const calls = readFileSync(trace, "utf8").split("\n");
    const failed = calls.findIndex((call) => call.includes("EIO"));
    const fd = /fdatasync\((\d+)\)/.exec(calls[failed] ?? "")?.[1];
    const closed = calls.findIndex((call, at) => at > failed && call.startsWith(`close(${fd})`));
    assert.ok(closed > failed, "the file was closed");
    assert.ok(
      !calls.slice(failed + 1, closed).some((call) => call.startsWith(`fdatasync(${fd})`)),
      "and not synced again",
    );
  },
);

test("closing syncs what was written", { skip: unlessWorks("strace", "-o", "/dev/null", "true") }, async (t) => {
  const place = workplace(t);
  const trace = `${place.dir}/trace`;
  const child = new Child(t, ["strace", "-o", trace, "-e", "trace=write,fdatasync,unlink"]);
  await child.open({ path: place.path });
  await child.ask({ kind: "append", from: 0, count: 10 });
  await child.ask({ kind: "close" });
  await child.stop();
  assert.match(readFileSync(trace, "utf8"), /write\((\d+), "\{\\"n\\":0[^]*fdatasync\(\1\)[^]*unlink\(".*\.lock"\)/);
  assert.ok(!existsSync(`${place.path}.lock`));
});

test(
  "R70: of a huge file only the end is read at start",
  { skip: existsSync("/proc/self/io") ? false : "needs /proc/self/io" },
  (t) => {
    const place = workplace(t);
    const size = 4 * 1024 ** 3;
    const fd = openSync(place.path, "w");
    ftruncateSync(fd, size);
    closeSync(fd);
    appendFileSync(place.path, `\n${whole}{"n":2`);
    const before = bytesRead();
    place.open({ rotateBytes: 2 * size });
    assert.ok(bytesRead() - before < 1024 ** 2);
    assert.equal(readFileSync(`${place.path}.corrupt`, "utf8"), '{"n":2\n');
  },
);

function bytesRead(): number {
  return Number(/rchar: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}
