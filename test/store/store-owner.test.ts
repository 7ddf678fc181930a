// Which ledger a store belongs to, where it lies, and what happens to one that cannot be used.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { EMPTY_MANIFEST, ManifestError, readManifest, writeManifest } from "../../src/store/parquet/manifest.ts";
import type { SetAside } from "../../src/store/files/set-aside.ts";
import { locateStore } from "../../src/store/files/store-directory.ts";
import { ForeignStore } from "../../src/store/files/store-owner.ts";
import { Store } from "../../src/store/files/store.ts";
import { openSpillDirectory } from "../../src/store/service/spill-directory.ts";
import { assertHolds, linesOf, optionsOf, recordsFrom, storePlace } from "./fixture.ts";

function temporaryFolder(t: TestContext): string {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "lmgate-owner-")));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

/** A store over this stats file in a folder of its own choice. */
async function compacted(ledgerPath: string, directory: string): Promise<void> {
  const store = await Store.open({ ...optionsOf(directory), ledgerPath, directory });
  try {
    await store.refresh();
    await store.compact();
  } finally {
    await store.close();
  }
}

test("a manifest that the next start could not read is not written", (t) => {
  const directory = temporaryFolder(t);
  writeManifest(directory, EMPTY_MANIFEST);
  const counts = { bytes: 1, records: 1, bad: -1, duplicates: 0 };
  const segment = { id: "a", name: "stats.jsonl", ...counts, firstTs: null, lastTs: null, ranges: [], seen: null };
  assert.throws(() => writeManifest(directory, { ...EMPTY_MANIFEST, segments: [segment] }), {
    name: "Error",
    message: /manifest\.json was not written: .*bad/s,
  });
  assert.deepEqual(readManifest(directory), EMPTY_MANIFEST);
  assert.deepEqual(readdirSync(directory), ["manifest.json"]);
});

test("a store names its ledger, and a gateway with another ledger neither reads nor changes it", async (t) => {
  const place = storePlace(t);
  place.append(recordsFrom(0, 10));
  await compacted(place.ledger, place.directory);
  assert.equal(readManifest(place.directory).ledger, realpathSync(place.ledger));

  const other = join(temporaryFolder(t), "stats.jsonl");
  writeFileSync(other, linesOf(recordsFrom(50, 5)));
  const before = readFileSync(join(place.directory, "manifest.json"), "utf8");
  const options = { ...optionsOf(place.home), ledgerPath: other };
  await assert.rejects(Store.open({ ...options, onSetAside: () => assert.fail() }), ForeignStore);
  assert.equal(readFileSync(join(place.directory, "manifest.json"), "utf8"), before);
});

test("of two ledgers that start on an empty folder, the second one to write is rejected", async (t) => {
  const [place, home] = [storePlace(t), temporaryFolder(t)];
  place.append(recordsFrom(0, 10));
  const other = join(home, "stats.jsonl");
  writeFileSync(other, linesOf(recordsFrom(50, 5)));
  const first = await place.open();
  const second = await Store.open({ ...optionsOf(home), ledgerPath: other, directory: place.directory });
  t.after(() => second.close());
  await first.refresh();
  await second.refresh();
  await first.compact();
  await assert.rejects(second.compact(), ForeignStore);
  await assertHolds(await place.open(), recordsFrom(0, 10));
});

test("a ledger that was moved is known by its segments", async (t) => {
  const place = storePlace(t);
  place.append(recordsFrom(0, 10));
  await compacted(place.ledger, place.directory);
  const moved = join(temporaryFolder(t), "stats.jsonl");
  renameSync(place.ledger, moved);
  const store = await Store.open({ ...optionsOf(place.home), ledgerPath: moved });
  t.after(() => store.close());
  await store.refresh();
  await assertHolds(store, recordsFrom(0, 10));
});

for (const [what, content] of [
  ["cut off", "{"],
  ["of another version", '{"version":2}'],
  ["not valid", '{"version":1,"generation":-1,"parts":[],"segments":[]}'],
] as const) {
  test(`a store whose manifest is ${what} is set aside with its files and built again`, async (t) => {
    const place = storePlace(t);
    place.append(recordsFrom(0, 10));
    await compacted(place.ledger, place.directory);
    const files = readdirSync(place.directory).filter((name) => name.endsWith(".parquet"));
    writeFileSync(join(place.directory, "manifest.json"), content);
    await assert.rejects(place.open(), ManifestError);

    const moved: SetAside[] = [];
    const store = await Store.open({ ...optionsOf(place.home), onSetAside: (one) => moved.push(one) });
    t.after(() => store.close());
    await store.refresh();
    await store.compact();
    await assertHolds(store, recordsFrom(0, 10));
    const [one] = moved;
    assert.equal(moved.length, 1);
    assert.match(one?.reason ?? "", /manifest\.json/);
    assert.deepEqual(readdirSync(one?.movedTo ?? "").toSorted(), [...files, "manifest.json"].toSorted());

    const again = await Store.open({ ...optionsOf(place.home), onSetAside: () => assert.fail() });
    await again.close();
  });
}

test("by default the store lies beside its stats file, and one at the earlier default is used by its own ledger", async (t) => {
  const home = temporaryFolder(t);
  const before = process.cwd();
  process.chdir(home);
  t.after(() => process.chdir(before));
  const located = (outputPath: string, path?: string): string =>
    // as: only these two members are read.
    locateStore({ store: { path }, stats: { outputPath } } as Parameters<typeof locateStore>[0]).path;
  assert.equal(located("data/stats.jsonl"), "data/store");
  assert.equal(located("/var/lib/one/stats.jsonl"), "/var/lib/one/store");
  assert.equal(located("/var/lib/one/calls.jsonl"), "/var/lib/one/calls.store");
  assert.equal(located("/dev/null"), "data/store");
  assert.equal(located("/var/lib/one/stats.jsonl", "elsewhere"), "elsewhere");

  for (const name of ["one", "two"]) mkdirSync(name);
  writeFileSync("one/stats.jsonl", linesOf(recordsFrom(0, 10)));
  writeFileSync("two/stats.jsonl", linesOf(recordsFrom(50, 10)));
  await compacted("one/stats.jsonl", "data/store");
  const manifest = readManifest("data/store");
  assert.equal(located("one/stats.jsonl"), "data/store");
  assert.equal(located("two/stats.jsonl"), "two/store");
  const { ledger: _ledger, ...unnamed } = manifest;
  writeManifest("data/store", unnamed);
  assert.equal(located("one/stats.jsonl"), "data/store", "an earlier version wrote no name");
  assert.equal(located("two/stats.jsonl"), "two/store");
});

test("each process of a store has its own folder for what does not fit into memory", (t) => {
  const directory = temporaryFolder(t);
  const HOUR_MS = 3_600_000;
  mkdirSync(join(directory, "spill"));
  const first = openSpillDirectory(directory, Date.now);
  mkdirSync(first);
  const second = openSpillDirectory(directory, Date.now);
  assert.notEqual(first, second);
  assert.ok(existsSync(first) && existsSync(join(directory, "spill")), "one in use is left alone");
  openSpillDirectory(directory, () => Date.now() + 2 * HOUR_MS);
  assert.deepEqual(readdirSync(directory), []);
  openSpillDirectory(join(directory, "missing"), Date.now);
});

test("three gateways that are started from one directory have three stores", async (t) => {
  const home = temporaryFolder(t);
  for (const [nth, name] of ["one", "two", "three"].entries()) {
    mkdirSync(join(home, name));
    writeFileSync(join(home, name, "stats.jsonl"), linesOf(recordsFrom(nth * 100, 10 + nth)));
    writeFileSync(join(home, `${name}.yaml`), `stats:\n  output_path: ${name}/stats.jsonl\n`);
  }
  const main = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
  const counts = await Promise.all(
    ["one", "two", "three"].map(async (name) => {
      const child = spawn(process.execPath, [main, "store", "compact", "--json", "--config", `${name}.yaml`], {
        cwd: home,
        stdio: ["ignore", "pipe", "inherit"],
      });
      child.stdout.resume();
      await once(child, "close");
      assert.equal(child.exitCode, 0);
      return readManifest(join(home, name, "store")).segments.map(({ records }) => records);
    }),
  );
  assert.deepEqual(counts, [[10], [11], [12]]);
});
