import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MAX_TORN_BYTES, tornBytes } from "./torn-line.ts";

const CASES: readonly (readonly [name: string, content: string, torn: number])[] = [
  ["an empty file has no torn line", "", 0],
  ["a file that ends in a line end has no torn line", "one\ntwo\n", 0],
  ["a torn line is what follows the last line end", "one\ntw", 2],
  ["a file without a line end is one torn line", "one", 3],
  ["a torn line may be longer than a block", `one\n${"x".repeat(200_000)}`, 200_000],
  ["a line end just before a block is found", `one\n${"x".repeat(65_536)}`, 65_536],
];

for (const [name, content, torn] of CASES) {
  test(name, (t) => {
    const directory = mkdtempSync(join(tmpdir(), "lmgate-torn-"));
    const path = join(directory, "file.jsonl");
    writeFileSync(path, content);
    const fd = openSync(path, "r");
    t.after(() => {
      closeSync(fd);
      rmSync(directory, { recursive: true });
    });
    assert.equal(tornBytes(fd, content.length), torn);
  });
}

test("a file without line ends is not read beyond the limit", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-torn-"));
  const path = join(directory, "file.jsonl");
  const size = MAX_TORN_BYTES + 1_000_000;
  writeFileSync(path, Buffer.alloc(size, "x"));
  const fd = openSync(path, "r");
  t.after(() => {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  });
  const torn = tornBytes(fd, size);
  assert.ok(torn >= MAX_TORN_BYTES && torn < size, String(torn));
});
