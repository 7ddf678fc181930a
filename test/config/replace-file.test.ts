import assert from "node:assert/strict";
import { chmodSync, chownSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { readRegularFile, readRegularFileSync } from "../../src/config/files/read-file.ts";
import { editFile, replaceFile } from "../../src/config/files/replace-file.ts";
import { temporaryDirectory } from "../allowlist/watched-list.ts";

const always = (): boolean => true;

test("a replaced file has the new text, the old mode, and another inode", (t) => {
  const path = join(temporaryDirectory(t), "file");
  writeFileSync(path, "old");
  chmodSync(path, 0o604);
  const before = statSync(path);
  assert.equal(replaceFile(path, "new", always), true);
  const after = statSync(path);
  assert.equal(readFileSync(path, "utf8"), "new");
  assert.equal(after.mode & 0o7777, 0o604);
  assert.notEqual(after.ino, before.ino);
});

test("a replaced file keeps its owner", { skip: process.getuid?.() !== 0 && "only root gives files away" }, (t) => {
  const path = join(temporaryDirectory(t), "file");
  writeFileSync(path, "old");
  chownSync(path, 12_345, 23_456);
  replaceFile(path, "new", always);
  assert.deepEqual([statSync(path).uid, statSync(path).gid], [12_345, 23_456]);
});

test("a file that changed since it was read is not replaced", (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "file");
  writeFileSync(path, "old");
  assert.equal(
    replaceFile(path, "new", () => false),
    false,
  );
  assert.equal(readFileSync(path, "utf8"), "old");
  assert.deepEqual(readdirSync(directory), ["file"]);
});

test("nothing is written while another writer is at work, and a crashed writer does not block for ever", (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "file");
  const temporary = join(directory, ".file.lmgate-new");
  writeFileSync(path, "old");
  writeFileSync(temporary, "");
  assert.equal(replaceFile(path, "new", always), false);
  utimesSync(temporary, 1, 1);
  assert.equal(replaceFile(path, "new", always), false);
  assert.equal(replaceFile(path, "new", always), true);
  assert.equal(readFileSync(path, "utf8"), "new");
});

test("a writer that was stopped until another one took over writes nothing and leaves the other's file alone", (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "file");
  const temporary = join(directory, ".file.lmgate-new");
  writeFileSync(path, "old");
  const stoppedMeanwhile = (): boolean => {
    rmSync(temporary);
    writeFileSync(temporary, "half of the oth");
    return true;
  };
  assert.equal(replaceFile(path, "new", stoppedMeanwhile), false);
  assert.equal(readFileSync(path, "utf8"), "old");
  assert.equal(readFileSync(temporary, "utf8"), "half of the oth");
});

test("an edit waits until a crashed writer no longer blocks it", async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "file");
  const temporary = join(directory, ".file.lmgate-new");
  writeFileSync(path, "old");
  writeFileSync(temporary, "");
  const fiveSecondsAgo = Date.now() / 1000 - 5;
  utimesSync(temporary, fiveSecondsAgo, fiveSecondsAgo);
  assert.equal(await editFile(() => (replaceFile(path, "new", always) ? "written" : undefined)), "written");
  assert.equal(readFileSync(path, "utf8"), "new");
});

const REPLACES_FOREVER = `
  const { linkSync, renameSync, rmSync, writeFileSync } = require("node:fs");
  const { workerData: path } = require("node:worker_threads");
  for (let n = 0; ; n++) {
    writeFileSync(path + ".next", "whole");
    // Half of the files keep a second name, so that their count of names does not fall to 0.
    if (n % 2 === 0) linkSync(path + ".next", path + ".copy");
    renameSync(path + ".next", path);
    if (n % 2 === 1) rmSync(path + ".copy");
  }`;

test("a file that is replaced again and again is read whole each time", async (t) => {
  const path = join(temporaryDirectory(t), "file");
  writeFileSync(path, "first");
  const writer = new Worker(REPLACES_FOREVER, { eval: true, workerData: path });
  await once(writer, "online");
  const found = new Set<string>();
  const add = (read: ReturnType<typeof readRegularFileSync>): unknown =>
    found.add("bytes" in read ? read.bytes.toString() : read.code);
  while (!found.has("whole")) add(readRegularFileSync(path, 100));
  for (let n = 0; n < 2_000; n++) add(readRegularFileSync(path, 100));
  for (let n = 0; n < 200; n++) add(await readRegularFile(path, 100));
  await writer.terminate();
  // The writer may have replaced the first file before anything was read.
  found.delete("first");
  assert.deepEqual([...found], ["whole"]);
});
