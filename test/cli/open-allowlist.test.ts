import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { test } from "node:test";
import { startGateway } from "../harness/gateway.ts";
import { workplace } from "./run-lmgate.ts";

const WORD = "can be read by every user of this machine";
/** Modes of the allow-list and of the folder it is in, and whether that lets everybody read it. */
const MODES = [
  [0o644, 0o755, true],
  [0o640, 0o755, false],
  [0o644, 0o700, false],
] as const;

test("S47: check has a word on an allow-list that every user can read, and with --strict its exit code says so", async (t) => {
  const place = workplace(t);
  await place.run(["init"]);
  await place.run(["keys", "add", "--owner", "ann"], { input: "sk-proj-SECRET-0123456789" });
  chmodSync(place.path("."), 0o755);
  for (const [list, folder, open] of MODES) {
    chmodSync(place.path("data/allowlist.csv"), list);
    chmodSync(place.path("data"), folder);
    const check = await place.run(["check", "--strict"]);
    assert.deepEqual([check.code, check.stderr.includes(WORD)], [open ? 8 : 0, open]);
    if (open) assert.equal((await place.run(["check"])).code, 0);
  }
});

test("S47: a start has the same word in its log", async () => {
  for (const [list, folder, open] of MODES.slice(0, 2)) {
    const gateway = await startGateway({
      before: (directory) => {
        chmodSync(directory, 0o755);
        chmodSync(`${directory}/data/allowlist.csv`, list);
        chmodSync(`${directory}/data`, folder);
      },
    });
    assert.equal(await gateway.stop(), 0);
    assert.equal(gateway.output().stdout.includes(WORD), open);
  }
});
