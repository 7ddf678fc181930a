import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { KEY_STEM, key, listOf, replace, temporaryDirectory, watchList } from "./watched-list.ts";

const BAD: Readonly<Record<string, readonly [text: string | Uint8Array, error: RegExp]>> = {
  "a missing column": ["id,api_key,owner\na,sk-proj-SECRET-x-1,o\n", /:1 added: this required column is missing/],
  "no header": [`a,${key("a")},o,d\n`, /:1: the first line must be the header/],
  "a misspelled column": [
    listOf("a").replace("api_key", "apikey"),
    /:1 apikey: unknown column; did you mean "api_key"/,
  ],
  "binary content": [Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 10]), /:1: the file contains NUL bytes/],
  "no content": ["", /:1: the file is empty/],
  "the header alone": [listOf(), /:1: the list contains no keys/],
  "a bad row": [`${listOf("a", "b")}c,short,o,d\n`, /:4 api_key: only 5 characters/],
  "an open quote": [`${listOf("a")}b,"${key("b")},o,d\n`, /:3: the quote that opens here is never closed/],
};

for (const [what, [text, error]] of Object.entries(BAD)) {
  test(`R73: with ${what} the old list stays in force, and the error names the line and no key`, async (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, "allowlist.csv"), listOf("old"));
    const list = await watchList(t, directory);
    replace(list.path, text);
    await list.until(() => list.errors.length > 0);
    assert.match(list.errors[0] ?? "", error);
    assert.ok(!list.errors[0]?.includes(KEY_STEM));
    assert.deepEqual([list.opens("old"), list.opens("a"), list.watch.current.version], [true, false, 1]);
    assert.equal(list.watch.status().error, list.errors[0]);
    assert.equal(list.watch.status().reloadErrors, 1);

    replace(list.path, listOf("a", "b"));
    await list.until(() => list.changes.length > 0);
    assert.deepEqual([list.opens("old"), list.opens("a"), list.watch.current.version], [false, true, 2]);
    assert.deepEqual(
      [list.watch.status().error, list.watch.status().reloadErrors, list.watch.status().keys],
      [undefined, 1, 2],
    );
  });
}

test("R73: the same mistake is reported once, however often the file is checked", async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "allowlist.csv"), listOf("old"));
  const list = await watchList(t, directory);
  replace(list.path, listOf());
  await list.until(() => list.errors.length > 0);
  await list.watch.reload();
  await list.watch.reload();
  assert.equal(list.watch.status().reloadErrors, 1);
});

test("R74: a reload with one key in two rows is rejected as a whole", async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "allowlist.csv"), listOf("old"));
  const list = await watchList(t, directory);
  replace(list.path, `${listOf("a", "b")}c,${key("a")},o,d\n`);
  await list.until(() => list.errors.length > 0);
  assert.match(list.errors[0] ?? "", /:4 api_key: the same key as on line 2$/);
  assert.deepEqual([list.opens("old"), list.opens("a"), list.opens("b")], [true, false, false]);
});

test("R75: a reload with two keys for an id is accepted while the older one expires", async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "allowlist.csv"), listOf("old"));
  const list = await watchList(t, directory);
  const header = "id,api_key,owner,added,expires_at\n";
  replace(list.path, `${header}1,${key("a")},o,d,2099-01-01\n1,${key("b")},o,d,\n`);
  await list.until(() => list.changes.length > 0);
  assert.deepEqual([list.opens("a"), list.opens("b")], [true, true]);
  replace(list.path, `${header}1,${key("a")},o,d,\n1,${key("b")},o,d,\n`);
  await list.until(() => list.errors.length > 0);
  assert.match(list.errors[0] ?? "", /:3 id: the same id as on line 2/);
});

test("R79: a file that is written in slow pieces comes into force once, whole", async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "allowlist.csv"), listOf("old"));
  // A slow machine must not pause for that long between two pieces.
  const list = await watchList(t, directory, { settleMs: 2_000 });
  const text = listOf(...Array.from({ length: 200 }, (_, index) => `k${index}`));
  truncateSync(list.path, 0);
  const step = Math.ceil(text.length / 10);
  for (let at = 0; at < text.length; at += step) {
    appendFileSync(list.path, text.slice(at, at + step));
    assert.deepEqual([list.opens("old"), list.opens("k0")], [true, false]);
    await delay(50); // the test is about a slow writer
  }
  await list.until(() => list.changes.length > 0);
  assert.deepEqual(list.changes, [200]);
  assert.deepEqual(list.errors, []);
});

test("R79: a file without a final line end comes into force once it stays unchanged", async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "allowlist.csv"), listOf("old"));
  const list = await watchList(t, directory);
  replace(list.path, listOf("a", "b").trimEnd());
  await list.until(() => list.changes.length > 0);
  assert.deepEqual(list.changes, [2]);
});

test("R80: when the file is deleted the old list stays, and the new file is taken when it comes", async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "allowlist.csv"), listOf("old"));
  const list = await watchList(t, directory);
  rmSync(list.path);
  await list.until(() => list.errors.length > 0);
  assert.match(list.errors[0] ?? "", /allowlist\.csv: there is no such file/);
  assert.ok(list.opens("old"));
  writeFileSync(list.path, listOf("new"));
  await list.until(() => list.changes.length > 0);
  assert.deepEqual([list.opens("old"), list.opens("new"), list.watch.status().error], [false, true, undefined]);
});

test("R80: when the same file comes back, the error is cleared", async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "allowlist.csv"), listOf("old"));
  const list = await watchList(t, directory);
  rmSync(list.path);
  await list.until(() => list.errors.length > 0);
  writeFileSync(list.path, listOf("old"));
  await list.until(() => list.watch.status().error === undefined);
  assert.deepEqual(list.changes, []);
});

test("R81: two replacements by rename, one after the other, are both seen", async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "allowlist.csv"), listOf("old"));
  const list = await watchList(t, directory);
  for (const name of ["first", "second"]) {
    replace(list.path, listOf(name));
    await list.until(() => list.opens(name));
  }
  assert.deepEqual([list.changes, list.watch.current.version], [[1, 1], 3]);
});

test("R81: a file that is saved in place, as simple editors do, is seen", async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "allowlist.csv"), listOf("old"));
  const list = await watchList(t, directory);
  for (const name of ["first", "second"]) {
    writeFileSync(list.path, listOf(name));
    await list.until(() => list.opens(name));
  }
});

test("R82: two swaps of a Kubernetes ..data link are both seen", async (t) => {
  const directory = temporaryDirectory(t);
  const publish = (version: string, text: string): void => {
    mkdirSync(join(directory, `..${version}`));
    writeFileSync(join(directory, `..${version}`, "allowlist.csv"), text);
    symlinkSync(`..${version}`, join(directory, "..data_tmp"));
    renameSync(join(directory, "..data_tmp"), join(directory, "..data"));
  };
  publish("v1", listOf("v1"));
  symlinkSync("..data/allowlist.csv", join(directory, "allowlist.csv"));
  const list = await watchList(t, directory);
  publish("v2", listOf("v2"));
  rmSync(join(directory, "..v1"), { recursive: true });
  await list.until(() => list.opens("v2"));
  publish("v3", listOf("v3"));
  rmSync(join(directory, "..v2"), { recursive: true });
  await list.until(() => list.opens("v3"));
  assert.deepEqual(list.errors, []);
});

test("R81: a change behind a link to another directory is seen", async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, "real"));
  writeFileSync(join(directory, "real", "keys.csv"), listOf("old"));
  symlinkSync(join("real", "keys.csv"), join(directory, "allowlist.csv"));
  const list = await watchList(t, directory);
  replace(join(directory, "real", "keys.csv"), listOf("new"));
  await list.until(() => list.opens("new"));
});

test("R85: a burst of replacements is handled together, and the last one wins", async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "allowlist.csv"), listOf("old"));
  const list = await watchList(t, directory);
  for (let round = 0; round < 100; round += 1) {
    replace(list.path, listOf(`round${round}`));
    if (round % 10 === 0) await delay(1); // lets events arrive in between
  }
  await list.until(() => list.opens("round99"));
  assert.ok(list.changes.length < 100, `${list.changes.length} reloads`);
  assert.deepEqual(list.errors, []);
});

test("R86: an edit that keeps size and modification time is seen", async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, "allowlist.csv");
  writeFileSync(path, listOf("aaa"));
  const { atime, mtime } = statSync(path);
  const list = await watchList(t, directory);
  writeFileSync(path, listOf("bbb"));
  utimesSync(path, atime, mtime);
  await list.until(() => list.opens("bbb"));
  assert.equal(readFileSync(path, "utf8").length, listOf("aaa").length);
});

test("R86: polling finds a change that raises no event", async (t) => {
  const directory = temporaryDirectory(t);
  for (const name of ["one", "two"]) {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, "allowlist.csv"), listOf(name));
  }
  symlinkSync("one", join(directory, "current"));
  const path = join(directory, "current", "allowlist.csv");
  const list = await watchList(t, directory, { path, pollIntervalMs: 50 });
  symlinkSync("two", join(directory, "next"));
  renameSync(join(directory, "next"), join(directory, "current"));
  await list.until(() => list.opens("two"));
});
