import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadAllowlist, readAllowlistBytes } from "../../src/allowlist/load-allowlist.ts";
import { assertGrowsWithSize } from "../harness/cpu-work.ts";
import { relayLogger } from "../../src/core/log.ts";
import { AccessTable } from "../../src/allowlist/access-table.ts";
import { keyDigest } from "../../src/allowlist/key-rules.ts";
import { formatIssues } from "../../src/config/config-issue.ts";
import { openAllowlist } from "../../src/allowlist/watch-allowlist.ts";
import { key, listOf, replace, temporaryDirectory, watchList } from "./watched-list.ts";

async function issuesAtStart(path: string): Promise<readonly string[]> {
  const silent = relayLogger(() => undefined);
  const opened = await openAllowlist({
    path,
    pollIntervalMs: 600_000,
    now: Date.now,
    log: silent,
    onChange: () => undefined,
  });
  if ("issues" in opened) return formatIssues(opened.issues);
  opened.close();
  return assert.fail("the list was opened");
}

/** What may be in the place of the file, and the error for it. */
const OBSTACLES: Readonly<Record<string, readonly [make: (path: string) => void, message: RegExp]>> = {
  "a directory": [(path) => mkdirSync(path), /this is a directory/],
  "a link to a directory": [(path) => symlinkSync("/", path), /this is a directory/],
  "a link to itself": [(path) => symlinkSync(path, path), /form a loop/],
  "a link to nothing": [(path) => symlinkSync("nothing-here", path), /there is no such file/],
  "a FIFO": [(path) => execFileSync("mkfifo", [path]), /not a regular file/],
  "a sparse file of 10 GB": [
    (path) => {
      writeFileSync(path, listOf("huge"));
      truncateSync(path, 10 * 1024 ** 3);
    },
    /the file has 10737418240 bytes; at most/,
  ],
};

for (const [what, [make, message]] of Object.entries(OBSTACLES)) {
  test(`R83: ${what} in the place of the list is rejected at start`, async (t) => {
    const path = join(temporaryDirectory(t), "allowlist.csv");
    make(path);
    const issues = await issuesAtStart(path);
    assert.equal(issues.length, 1);
    assert.match(issues[0] ?? "", message);
    assert.ok(issues[0]?.startsWith(`${path}: `));
  });

  test(`R83: ${what} in the place of a good list changes nothing`, async (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, "allowlist.csv"), listOf("old"));
    const list = await watchList(t, directory);
    rmSync(list.path);
    make(list.path);
    await list.until(() => list.errors.some((error) => message.test(error)));
    assert.ok(list.opens("old"));
    rmSync(list.path, { recursive: true });
    writeFileSync(list.path, listOf("new"));
    await list.until(() => list.opens("new"));
  });
}

test(
  "R83: an unreadable file is rejected",
  { skip: process.getuid?.() === 0 && "root reads everything" },
  async (t) => {
    const path = join(temporaryDirectory(t), "allowlist.csv");
    writeFileSync(path, listOf("a"));
    chmodSync(path, 0);
    assert.match((await issuesAtStart(path))[0] ?? "", /no permission to read the file/);
  },
);

test("R80: without a list nothing starts, and the message says how to create one", async (t) => {
  const path = join(temporaryDirectory(t), "allowlist.csv");
  assert.deepEqual(await issuesAtStart(path), [
    `${path}: there is no such file (create one with: lmgate init; its first line is the header id,api_key,owner,added, then follows one line for each key; auth.allowlist_path sets its place)`,
  ]);
});

test("R73: a list without keys does not start either", async (t) => {
  const path = join(temporaryDirectory(t), "allowlist.csv");
  writeFileSync(path, listOf());
  assert.match(
    (await issuesAtStart(path))[0] ?? "",
    /contains no keys, so every request would be rejected \(add one with: lmgate keys add/,
  );
});

test("a list without a final line end is read at start", async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "allowlist.csv"), listOf("a", "b").trimEnd());
  const list = await watchList(t, directory);
  assert.ok(list.opens("a") && list.opens("b"));
});

test("R78: the work of loading a list grows no faster than the list", async (t) => {
  const directory = temporaryDirectory(t);
  const paths = new Map<number, string>();
  const load = async (count: number): Promise<void> => {
    const path = paths.get(count) ?? join(directory, `${count}.csv`);
    if (!paths.has(count)) writeFileSync(path, listOf(...Array.from({ length: count }, (_, index) => `k${index}`)));
    paths.set(count, path);
    const content = await readAllowlistBytes(path);
    assert.ok(!("code" in content));
    const list = loadAllowlist(content, path);
    assert.ok(!("issues" in list) && list.keys === count);
  };
  await assertGrowsWithSize(40_000, load);
});

test("R78: 100,000 keys load, and reload", async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "allowlist.csv");
  const names = Array.from({ length: 100_000 }, (_, index) => `k${index}`);
  writeFileSync(path, listOf(...names));
  const list = await watchList(t, directory);
  assert.equal(list.watch.status().keys, 100_000);
  const table = new AccessTable(list.watch.current.buffer);
  for (const name of ["k0", "k50000", "k99999"]) assert.equal(table.find(keyDigest(key(name)))?.id, name);

  replace(path, listOf(...names, "one-more"));
  await list.until(() => list.changes.length > 0);
  assert.ok(list.opens("one-more") && list.opens("k99999"));
  assert.equal(table.size, 100_000, "who holds the old table keeps the old table");
});

test("a reload reads the file at once", async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "allowlist.csv"), listOf("old"));
  const list = await watchList(t, directory, { settleMs: 600_000 });
  replace(list.path, listOf("new"));
  const status = await list.watch.reload();
  assert.deepEqual([status.version, status.keys, list.opens("new")], [2, 1, true]);
});

test("a closed watch leaves no handle and reports nothing more", async (t) => {
  const watching = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === "FSEventWrap" || name === "Timeout").length;
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "allowlist.csv"), listOf("old"));
  const before = watching();
  const list = await watchList(t, directory);
  assert.ok(watching() > before);
  list.watch.close();
  assert.equal(watching(), before);
  replace(list.path, listOf("new"));
  assert.equal((await list.watch.reload()).version, 1);
});
