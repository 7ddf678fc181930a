// Where nothing can be written: said before the start, and said at all.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { unlessWorks } from "../ledger/fixture.ts";
import { workplace } from "./run-lmgate.ts";

test("R54: check says where the stats file and the admin token could not be written", async (t) => {
  const place = workplace(t);
  await place.run(["init"]);
  await place.run(["keys", "add", "--owner", "ann"], { input: "sk-ann-0123456789" });
  writeFileSync(place.path("a-file"), "");
  const settings = "stats:\n  output_path: a-file/stats.jsonl\nadmin:\n  token_path: a-file/token\n";
  writeFileSync(place.path("config/lmgate.yaml"), settings);
  const { code, stdout } = await place.run(["check"]);
  assert.equal(code, 3);
  assert.match(stdout, /a-file\/stats\.jsonl: the stats file cannot be written: .*a-file is no directory/);
  assert.match(stdout, /^a-file\/token: /m);
});

test(
  "R54: check says so for a directory that may not be written",
  { skip: process.getuid?.() === 0 && "root writes everywhere" },
  async (t) => {
    const place = workplace(t);
    await place.run(["init"]);
    await place.run(["keys", "add", "--owner", "ann"], { input: "sk-ann-0123456789" });
    chmodSync(place.path("data"), 0o500);
    t.after(() => chmodSync(place.path("data"), 0o700));
    const { code, stdout } = await place.run(["check"]);
    assert.equal(code, 3);
    assert.match(stdout, /stats\.jsonl: the stats file cannot be written: EACCES/);
  },
);

test(
  "R54: check says so for a file system that is mounted for reading",
  { skip: unlessWorks("unshare", "-m", "mount", "-t", "tmpfs", "-o", "ro", "none", "/mnt") },
  async (t) => {
    const place = workplace(t);
    await place.run(["init"]);
    await place.run(["keys", "add", "--owner", "ann"], { input: "sk-ann-0123456789" });
    mkdirSync(place.path("mounted"));
    writeFileSync(place.path("config/lmgate.yaml"), "stats:\n  output_path: mounted/stats.jsonl\n");
    const mount = 'mount -t tmpfs -o ro none mounted && exec "$@"';
    const { code, stdout } = await place.run(["check"], { wrapper: ["unshare", "-m", "sh", "-c", mount, "sh"] });
    assert.equal(code, 3);
    assert.match(stdout, /mounted\/stats\.jsonl: the stats file cannot be written: EROFS/);
  },
);

test(
  "init where no directory can be made says so and ends",
  { skip: !existsSync("/proc/self") && "needs /proc" },
  async (t) => {
    const { code, stderr } = await workplace(t).run(["init", "/proc/lmgate"]);
    assert.equal(code, 1);
    assert.match(stderr, /ENOENT: .*\/proc\/lmgate/);
  },
);
