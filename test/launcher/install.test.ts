import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkout, exitOf, stderrContains } from "./checkout.ts";

test("dependencies are installed once, and again when the lockfile requires other versions", async (t) => {
  const clone = checkout(t);
  clone.write("program.ts", "");
  const first = await clone.run(["program.ts"]);
  const second = await clone.run(["program.ts"]);
  clone.lock("2.0.0");
  await clone.run(["program.ts"]);
  assert.match(first.stderr, /^lmgate: Installing dependencies\.$/m);
  assert.equal(second.stderr, "");
  assert.deepEqual(clone.installs(), ["ci a clone", "ci a clone"]);
});

test("a failed install ends with npm's error and one line about it, and can be repeated", async (t) => {
  const clone = checkout(t);
  clone.write("program.ts", "");
  const exit = await clone.run(["program.ts"], { env: { INSTALL_FAILS: "1" } });
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /npm error the registry is unavailable\n/);
  assert.match(exit.stderr.trim().split("\n").at(-1) ?? "", /^lmgate: The dependencies could not be installed/);
  assert.equal((await clone.run(["program.ts"])).code, 0);
});

test("of two commands started together one installs and the other waits for it", async (t) => {
  const clone = checkout(t);
  const release = join(clone.directory, "release");
  clone.write("program.ts", "");
  const env = { INSTALL_WAITS_FOR: release };
  const launchers = [clone.start(["program.ts"], { env }), clone.start(["program.ts"], { env })];
  const exits = launchers.map(async (launcher) => exitOf(launcher));
  await Promise.race(launchers.map(async (launcher) => stderrContains(launcher, "Waiting for another command")));
  writeFileSync(release, "");
  const codes = (await Promise.all(exits)).map((exit) => exit.code);
  assert.deepEqual(codes, [0, 0]);
  assert.deepEqual(clone.installs(), ["ci a clone"]);
});

test("a command does not wait for the lock of a command that was killed", async (t) => {
  const clone = checkout(t);
  const release = join(clone.directory, "release");
  clone.write("program.ts", "");
  const killed = clone.start(["program.ts"], { env: { INSTALL_WAITS_FOR: release } });
  await stderrContains(killed, "downloading");
  const exited = once(killed, "exit");
  killed.kill("SIGKILL");
  await exited;
  writeFileSync(release, "");
  assert.equal((await clone.run(["program.ts"])).code, 0);
});

test("Ctrl-C during an install ends it and leaves no lock", async (t) => {
  const clone = checkout(t);
  clone.write("program.ts", "");
  const launcher = clone.start(["program.ts"], { env: { INSTALL_WAITS_FOR: join(clone.directory, "never") } });
  await stderrContains(launcher, "downloading");
  const exit = exitOf(launcher);
  launcher.kill("SIGINT");
  assert.equal((await exit).signal, "SIGINT");
  assert.ok(!existsSync(join(clone.directory, ".runtime", "lock")));
  assert.equal((await clone.run(["program.ts"])).code, 0);
});
