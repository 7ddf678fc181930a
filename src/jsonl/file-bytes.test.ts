import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readFully, writeFully } from "./file-bytes.ts";

test("what is written as a whole is read as a whole, and a read past the end stops there", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-bytes-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "file");
  const fd = openSync(path, "w+");
  t.after(() => closeSync(fd));
  writeFully(fd, Buffer.from("one two"));
  writeFully(fd, Buffer.from(" three"));
  assert.equal(readFileSync(path, "utf8"), "one two three");
  const into = Buffer.alloc(20);
  assert.equal(readFully(fd, into, 4), 9);
  assert.equal(into.toString("utf8", 0, 9), "two three");
  assert.equal(readFully(fd, into, 100), 0);
});
