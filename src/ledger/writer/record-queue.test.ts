import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordQueue } from "./record-queue.ts";

test("lines come out in their order, in pieces no larger than a chunk", () => {
  const queue = new RecordQueue(1_000, 10);
  const lines = ["aaaa\n", "bbbb\n", "ccc\n", "dddddddddddddd\n", "e\n"];
  lines.forEach((line, index) => assert.equal(queue.push(line, index + 1), undefined));
  const batches: string[] = [];
  while (queue.length > 0) {
    const batch = queue.batch();
    batches.push(batch.toString());
    queue.release(batch.length);
  }
  assert.deepEqual(batches, ["aaaa\nbbbb\n", "ccc\n", "dddddddddddddd\n", "e\n"]);
});

test("what was not accepted comes out again, from the start of its line", () => {
  const queue = new RecordQueue(1_000, 100);
  for (const seq of [7, 8, 9]) queue.push(`line ${seq}\n`, seq);
  assert.deepEqual(queue.release(7), { from: 7, to: 7, records: 1 });
  assert.equal(queue.batch().toString(), "line 8\nline 9\n");
  queue.push("line 10\n", 10);
  assert.equal(queue.batch().toString(), "line 8\nline 9\nline 10\n");
  assert.deepEqual(queue.clear(), { from: 8, to: 10, records: 3 });
  assert.deepEqual([queue.length, queue.batch().length, queue.clear()], [0, 0, undefined]);
});

test("a full queue drops the oldest lines, and a line that is larger than the queue is dropped", () => {
  const queue = new RecordQueue(20, 12);
  const dropped = [1, 2, 3, 4, 5].map((seq) => queue.push(`1234${seq}\n`, seq));
  assert.deepEqual(dropped, [
    undefined,
    undefined,
    undefined,
    { from: 1, to: 1, records: 1 },
    { from: 2, to: 2, records: 1 },
  ]);
  assert.deepEqual(queue.push(`${"x".repeat(20)}\n`, 6), { from: 6, to: 6, records: 1 });
  assert.equal(queue.length, 3);
  assert.equal(queue.batch().toString(), "12343\n12344\n");
});

test("characters of every length are measured in bytes, also where they fill a chunk exactly", () => {
  const queue = new RecordQueue(1_000, 12);
  const lines = ["ä€😀\n", "é\n", "éé\n", "€\n"];
  lines.forEach((line, index) => queue.push(line, index));
  let text = "";
  while (queue.length > 0) {
    const batch = queue.batch();
    text += batch.toString();
    queue.release(batch.length);
  }
  assert.equal(text, lines.join(""));
});
