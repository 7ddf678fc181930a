import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readTail } from "./read-tail.ts";

function fileOf(t: TestContext, content: string): string {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-tail-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "file.jsonl");
  writeFileSync(path, content);
  return path;
}

test("a short file is read from its first line", (t) => {
  assert.deepEqual([...readTail(fileOf(t, "one\ntwo\n"), 100)], ["one", "two"]);
});

test("of a long file, lines that are cut off at either end are left out", (t) => {
  assert.deepEqual([...readTail(fileOf(t, "first\ntwo\nthree\nfou"), 14)], ["two", "three"]);
});

test("a tail without a line end has no whole line", (t) => {
  assert.deepEqual([...readTail(fileOf(t, `one\n${"x".repeat(100)}`), 50)], []);
});

test("a file that does not exist has no lines", () => {
  assert.deepEqual([...readTail("/nonexistent/file", 100)], []);
});
