import assert from "node:assert/strict";
import { test } from "node:test";
import { checkout } from "./checkout.ts";

test("under an older Node the pinned one is downloaded once, with one line about it", async (t) => {
  const clone = checkout(t);
  clone.write("program.ts", "console.log(process.argv.slice(2).join());");
  const first = await clone.run(["program.ts", "x"], { old: true });
  const second = await clone.run(["program.ts", "x"], { old: true });
  assert.match(
    first.stderr,
    /^lmgate: LMGate needs Node 24 or newer; this is v20\.19\.0\. Downloading Node 24\.\d+\.\d+ /m,
  );
  assert.deepEqual([second.code, second.stdout, second.stderr], [0, "x\n", ""]);
  assert.equal(clone.installs().length, 2, "one for the runtime, one for the dependencies");
});

test("on a platform without a Node package the launcher asks for Node 24 to be installed", async (t) => {
  const clone = checkout(t);
  const exit = await clone.run(["program.ts"], { old: true, env: { NODE_PLATFORM: "sunos" } });
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /npm has no Node package for sunos-\w+\. Install Node 24 from/);
  assert.deepEqual(clone.installs(), []);
});

test("a failed download ends with npm's error and one line about it, and can be repeated", async (t) => {
  const clone = checkout(t);
  clone.write("program.ts", "");
  const exit = await clone.run(["program.ts"], { old: true, env: { INSTALL_FAILS: "1" } });
  assert.equal(exit.code, 1);
  assert.match(exit.stderr, /npm error the registry is unavailable\n/);
  assert.match(exit.stderr.trim().split("\n").at(-1) ?? "", /^lmgate: Node 24\.\S+ could not be downloaded/);
  assert.equal((await clone.run(["program.ts"], { old: true })).code, 0);
});
