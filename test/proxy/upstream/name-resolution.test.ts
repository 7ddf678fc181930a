import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { run } from "../../harness/run-program.ts";

const enter = 'mount --bind "$0" /etc/resolv.conf && ip link set lo up && exec env -u NODE_TEST_CONTEXT "$@"';

test("R34: unknown names, silent resolvers, moved names and dead IPv6, with a DNS server of our own", (t) =>
  runInNamespace(t, join(import.meta.dirname, "name-resolution-child.ts"), 5));

test("a name with several addresses is reached although one of them is slow or dead, as by nginx and HAProxy", (t) =>
  runInNamespace(t, join(import.meta.dirname, "several-addresses-child.ts"), 2));

/** Runs a file of tests in a network of its own, whose DNS server the file starts. */
async function runInNamespace(t: TestContext, path: string, tests: number): Promise<void> {
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
  const ran = await run("unshare", [...namespace, process.execPath, path]);
  for (const line of ran.stdout.split("\n").filter((text) => /SKIPPED|nginx|HAProxy/.test(text))) t.diagnostic(line);
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  assert.match(ran.stdout, new RegExp(`pass ${tests}\\b`));
}
