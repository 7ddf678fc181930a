import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { lineBlocks, LineFile, splitLines } from "./read-lines.ts";

function fileOf(t: TestContext, content: string | Buffer): { readonly path: string; readonly file: LineFile } {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-lines-"));
  const path = join(directory, "file.jsonl");
  writeFileSync(path, content);
  const file = LineFile.open(path);
  t.after(() => {
    file.close();
    rmSync(directory, { recursive: true });
  });
  return { path, file };
}

function textsOf(blocks: Iterable<{ readonly bytes: Buffer; readonly end: number }>): (readonly [string, number])[] {
  return [...blocks].map(({ bytes, end }) => [bytes.toString(), end]);
}

test("a torn last line is left for later, and is read once it has its end", (t) => {
  const { path, file } = fileOf(t, "one\ntwo\nthr");
  assert.deepEqual(textsOf(file.blocks(0, false)), [["one\ntwo\n", 8]]);
  assert.deepEqual(textsOf(file.blocks(8, false)), []);
  appendFileSync(path, "ee\n");
  assert.deepEqual(textsOf(file.blocks(8, false)), [["three\n", 14]]);
});

test("the torn last line of a finished file is read as a line", (t) => {
  const { file } = fileOf(t, "one\ntwo");
  assert.deepEqual(textsOf(file.blocks(0, true)), [["one\ntwo", 7]]);
  assert.deepEqual(textsOf(file.blocks(4, true)), [["two", 7]]);
});

test("blocks end at line ends, and a block grows to hold a line longer than itself", (t) => {
  const { file } = fileOf(t, `${"a".repeat(5)}\nbb\n${"c".repeat(30)}\nd\n`);
  const blocks = lineBlocks(file.descriptor, { from: 0, finished: false, blockBytes: 8 });
  assert.deepEqual(textsOf(blocks), [
    ["aaaaa\n", 6],
    ["bb\n", 9],
    [`${"c".repeat(30)}\n`, 40],
    ["d\n", 42],
  ]);
});

test("a line longer than the largest block comes out in pieces, and no byte is missing", (t) => {
  const size = 65 * 1024 * 1024;
  const { file } = fileOf(t, Buffer.concat([Buffer.alloc(size, "x"), Buffer.from("\nlast\n")]));
  const blocks = [...file.blocks(0, false)];
  assert.equal(
    blocks.reduce((sum, { bytes }) => sum + bytes.length, 0),
    size + 6,
  );
  assert.equal(blocks.at(-1)?.bytes.toString().endsWith("\nlast\n"), true);
});

test("an open file stays the same file when its name changes, and a second reader leaves it open", (t) => {
  const { path, file } = fileOf(t, "one\n");
  renameSync(path, `${path}.old`);
  writeFileSync(path, "other\n");
  const second = file.again();
  assert.deepEqual(textsOf(second.blocks(0, false)), [["one\n", 4]]);
  second.close();
  assert.deepEqual(
    [...file.range(1, 3)].map((bytes) => bytes.toString()),
    ["ne"],
  );
});

test("lines are split without their ends, empty lines included, and a torn last line is left out", () => {
  const lines = [...splitLines(Buffer.from("one\n\ntwo\nthr"))].map((line) => line.toString());
  assert.deepEqual(lines, ["one", "", "two"]);
});
