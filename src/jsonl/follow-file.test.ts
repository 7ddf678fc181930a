import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { FileFollower } from "./follow-file.ts";

interface Followed {
  readonly path: string;
  readonly begin: () => Promise<void>;
  readonly news: () => Promise<readonly string[]>;
}

function followed(t: TestContext): Followed {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-follow-"));
  const path = join(directory, "file.jsonl");
  const follower = new FileFollower(path);
  t.after(async () => {
    await follower.close();
    rmSync(directory, { recursive: true });
  });
  return { path, begin: () => follower.begin(), news: () => collect(follower.lines()) };
}

async function collect(lines: AsyncIterable<string>): Promise<readonly string[]> {
  const collected: string[] = [];
  for await (const line of lines) collected.push(line);
  return collected;
}

test("only lines appended after the beginning are read, and a torn line waits for its end", async (t) => {
  const { path, begin, news } = followed(t);
  writeFileSync(path, "old\n");
  await begin();
  assert.deepEqual(await news(), []);
  // Cuts the two bytes of a character apart.
  const bytes = Buffer.from("gr\u00fcn\nnext\n");
  appendFileSync(path, bytes.subarray(0, 3));
  assert.deepEqual(await news(), []);
  appendFileSync(path, bytes.subarray(3));
  assert.deepEqual(await news(), ["gr\u00fcn", "next"]);
});

test("a file that does not exist yet is read from its beginning", async (t) => {
  const { path, begin, news } = followed(t);
  await begin();
  assert.deepEqual(await news(), []);
  writeFileSync(path, "one\n");
  assert.deepEqual(await news(), ["one"]);
});

test("a renamed file is read to its end before the file that takes its name", async (t) => {
  const { path, begin, news } = followed(t);
  writeFileSync(path, "");
  await begin();
  renameSync(path, `${path}.old`);
  appendFileSync(`${path}.old`, "late\n");
  writeFileSync(path, "new\n");
  assert.deepEqual(await news(), ["late", "new"]);
});

test("files that came and went between two looks are read in order of time", async (t) => {
  const { path, begin, news } = followed(t);
  const rotated = (n: number): string => path.replace("file.jsonl", `file-2026112${n}.jsonl`);
  writeFileSync(rotated(0), "before\n");
  writeFileSync(path, "old\n");
  await begin();
  for (const n of [1, 2, 3]) {
    appendFileSync(path, `last of ${n}\n`);
    renameSync(path, rotated(n));
    writeFileSync(path, `first of ${n + 1}\n`);
  }
  assert.deepEqual(await news(), ["last of 1", "first of 2", "last of 2", "first of 3", "last of 3", "first of 4"]);
  appendFileSync(path, "next\n");
  assert.deepEqual(await news(), ["next"]);
});

test("a truncated file is read from its beginning again", async (t) => {
  const { path, begin, news } = followed(t);
  writeFileSync(path, "one\ntwo\nthree\n");
  await begin();
  truncateSync(path);
  appendFileSync(path, "four\n");
  assert.deepEqual(await news(), ["four"]);
});

test("a file that is rotated away while lines of the one before are read is read completely, and once", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-follow-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "stats.jsonl");
  writeFileSync(path, "");
  const follower = new FileFollower(path);
  t.after(() => follower.close());
  await follower.begin();
  const read: string[] = [];
  const readAll = async (): Promise<void> => {
    for await (const line of follower.lines()) {
      read.push(line);
      if (line !== "one") continue;
      renameSync(path, `${path}.second`);
      writeFileSync(path, "three\n");
    }
  };
  appendFileSync(path, "one\n");
  renameSync(path, `${path}.first`);
  writeFileSync(path, "two\n");
  for (let looks = 0; looks < 3; looks++) await readAll();
  assert.deepEqual(read, ["one", "two", "three"]);
});
