import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { run } from "../../harness/run-program.ts";

const childPath = join(import.meta.dirname, "name-resolution-child.ts");
const enter = 'mount --bind "$0" /etc/resolv.conf && ip link set lo up && exec env -u NODE_TEST_CONTEXT "$@"';

test("R34: unknown names, silent resolvers, moved names and dead IPv6, with a DNS server of our own", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-test-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const resolvConf = join(directory, "resolv.conf");
  writeFileSync(resolvConf, "nameserver 127.0.0.1\noptions timeout:3 attempts:1\n");
  const namespace = ["-n", "-m", "sh", "-c", enter, resolvConf];
  if (spawnSync("unshare", [...namespace, "true"], { stdio: "ignore" }).status !== 0) {
    t.diagnostic("SKIPPED: namespaces of the network and of mounts need root and are not to be had here");
    t.skip("no namespaces here");
    return;
  }
  const ran = await run("unshare", [...namespace, process.execPath, childPath]);
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  assert.match(ran.stdout, /pass 5\b/);
});
