import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkout, exitOf, nextLine, programWaitingFor } from "./checkout.ts";

const PRINTS_ITS_PROCESS = "console.log(JSON.stringify([process.pid, process.argv.slice(2), process.versions.node]));";

test("under a new enough Node a file runs in the launcher's own process, and no runtime is downloaded", async (t) => {
  const clone = checkout(t);
  clone.write("program.ts", PRINTS_ITS_PROCESS);
  const launcher = clone.start(["program.ts", "--config", "a b.yaml"]);
  const exit = await exitOf(launcher);
  assert.deepEqual(JSON.parse(exit.stdout), [launcher.pid, ["--config", "a b.yaml"], process.versions.node]);
  assert.deepEqual(clone.installs(), ["ci a clone"]);
});

test("only the program writes to stdout while packages are installed", async (t) => {
  const clone = checkout(t);
  clone.write("program.ts", 'process.stdout.write("only this");');
  const exit = await clone.run(["program.ts"], { old: true });
  assert.equal(exit.stdout, "only this");
  assert.match(exit.stderr, /added some packages/);
});

test("programs found on the PATH run under the downloaded Node too", async (t) => {
  const clone = checkout(t);
  clone.write("program.ts", 'console.log((process.env["PATH"] ?? "").split(":")[0]);');
  const exit = await clone.run(["program.ts"], { old: true });
  assert.ok(exit.stdout.startsWith(join(clone.directory, ".runtime")), exit.stdout);
});

test("what is not compiled runs from its sources", async (t) => {
  const clone = checkout(t);
  clone.write("program.ts", 'process.stdout.write("sources");');
  assert.equal((await clone.run(["dist/program.js"])).stdout, "sources");
  mkdirSync(join(clone.directory, "dist"));
  clone.write("dist/program.js", 'process.stdout.write("compiled");');
  assert.equal((await clone.run(["dist/program.js"])).stdout, "compiled");
});

test("compiled code is kept in the checkout, or where the environment says", async (t) => {
  const clone = checkout(t);
  clone.write("program.ts", 'process.stdout.write(process.env["NODE_COMPILE_CACHE"] ?? "");');
  const inCheckout = join(clone.directory, ".runtime", "compile-cache");
  assert.equal((await clone.run(["program.ts"], { env: { NODE_COMPILE_CACHE: "" } })).stdout, inCheckout);
  assert.ok(readdirSync(inCheckout).length > 0);
  const elsewhere = join(clone.directory, "cache");
  assert.equal((await clone.run(["program.ts"], { env: { NODE_COMPILE_CACHE: elsewhere } })).stdout, elsewhere);
});

for (const old of [true, false]) {
  test(`the exit code is the program's (older Node: ${old})`, async (t) => {
    const clone = checkout(t);
    clone.write("program.ts", "process.exitCode = 3;");
    assert.equal((await clone.run(["program.ts"], { old })).code, 3);
  });

  test(`if a signal kills the program, the launcher ends by the same signal (older Node: ${old})`, async (t) => {
    const clone = checkout(t);
    clone.write("program.ts", 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);');
    assert.equal((await clone.run(["program.ts"], { old })).signal, "SIGTERM");
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    test(`${signal} reaches the program (older Node: ${old})`, async (t) => {
      const clone = checkout(t);
      clone.write("program.ts", programWaitingFor(signal, "process.exit(5);"));
      const launcher = clone.start(["program.ts"], { old });
      await nextLine(launcher, "listening");
      launcher.kill(signal);
      assert.equal((await exitOf(launcher)).code, 5);
    });
  }
}
