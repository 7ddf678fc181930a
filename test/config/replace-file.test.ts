import assert from "node:assert/strict";
import { chmodSync, chownSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { replaceFile } from "../../src/config/files/replace-file.ts";
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
