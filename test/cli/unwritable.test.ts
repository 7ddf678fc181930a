// Files that cannot be written are reported before the start.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { unlessWorks } from "../ledger/fixture.ts";
import { cliFixture } from "./run-lmgate.ts";

test("R54: check reports a stats file and an admin token that cannot be written", async (t) => {
  const cli = cliFixture(t);
  await cli.run(["init"]);
  await cli.run(["keys", "add", "--owner", "ann"], { input: "sk-ann-0123456789" });
  writeFileSync(cli.path("a-file"), "");
  const settings = "stats:\n  output_path: a-file/stats.jsonl\nadmin:\n  token_path: a-file/token\n";
  writeFileSync(cli.path("config/lmgate.yaml"), settings);
  const { code, stdout } = await cli.run(["check"]);
  assert.equal(code, 3);
  assert.match(stdout, /a-file\/stats\.jsonl: cannot write the stats file: .*a-file is not a directory/);
  assert.match(stdout, /^a-file\/token: /m);
});

test(
  "R54: check reports a directory without write permission",
  { skip: process.getuid?.() === 0 && "root can write everywhere" },
  async (t) => {
    const cli = cliFixture(t);
    await cli.run(["init"]);
    await cli.run(["keys", "add", "--owner", "ann"], { input: "sk-ann-0123456789" });
    chmodSync(cli.path("data"), 0o500);
    t.after(() => chmodSync(cli.path("data"), 0o700));
    const { code, stdout } = await cli.run(["check"]);
    assert.equal(code, 3);
    assert.match(stdout, /stats\.jsonl: cannot write the stats file: EACCES/);
  },
);

test(
  "R54: check reports a file system that is mounted read-only",
  { skip: unlessWorks("unshare", "-m", "mount", "-t", "tmpfs", "-o", "ro", "none", "/mnt") },
  async (t) => {
    const cli = cliFixture(t);
    await cli.run(["init"]);
    await cli.run(["keys", "add", "--owner", "ann"], { input: "sk-ann-0123456789" });
    mkdirSync(cli.path("mounted"));
    writeFileSync(cli.path("config/lmgate.yaml"), "stats:\n  output_path: mounted/stats.jsonl\n");
    const mount = 'mount -t tmpfs -o ro none mounted && exec "$@"';
    const { code, stdout } = await cli.run(["check"], { wrapper: ["unshare", "-m", "sh", "-c", mount, "sh"] });
    assert.equal(code, 3);
    assert.match(stdout, /mounted\/stats\.jsonl: cannot write the stats file: EROFS/);
  },
);

test(
  "init reports a directory that cannot be created, and ends with 1",
  { skip: !existsSync("/proc/self") && "needs /proc" },
  async (t) => {
    const { code, stderr } = await cliFixture(t).run(["init", "/proc/lmgate"]);
    assert.equal(code, 1);
    assert.match(stderr, /ENOENT: .*\/proc\/lmgate/);
  },
);
