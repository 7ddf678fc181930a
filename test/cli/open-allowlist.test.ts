import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { test } from "node:test";
import { startGateway } from "../harness/gateway.ts";
import { cliFixture } from "./run-lmgate.ts";

const WARNING = "can be read by every user of this machine";
/** Modes of the allow-list and of its directory, and whether every user can read the file. */
const MODES = [
  [0o644, 0o755, true],
  [0o640, 0o755, false],
  [0o644, 0o700, false],
] as const;

test("S47: check warns about an allow-list that every user can read, and with --strict ends with 8", async (t) => {
  const cli = cliFixture(t);
  await cli.run(["init"]);
  await cli.run(["keys", "add", "--owner", "ann"], { input: "sk-proj-SECRET-0123456789" });
  chmodSync(cli.path("."), 0o755);
  for (const [list, directoryMode, isOpen] of MODES) {
    chmodSync(cli.path("data/allowlist.csv"), list);
    chmodSync(cli.path("data"), directoryMode);
    const check = await cli.run(["check", "--strict"]);
    assert.deepEqual([check.code, check.stderr.includes(WARNING)], [isOpen ? 8 : 0, isOpen]);
    if (isOpen) assert.equal((await cli.run(["check"])).code, 0);
  }
});

test("S47: the gateway logs the same warning when it starts", async () => {
  for (const [list, directoryMode, isOpen] of MODES.slice(0, 2)) {
    const gateway = await startGateway({
      before: (directory) => {
        chmodSync(directory, 0o755);
        chmodSync(`${directory}/data/allowlist.csv`, list);
        chmodSync(`${directory}/data`, directoryMode);
      },
    });
    assert.equal(await gateway.stop(), 0);
    assert.equal(gateway.output().stdout.includes(WARNING), isOpen);
  }
});
