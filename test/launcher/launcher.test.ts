import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { Checkout, ending } from "./checkout.ts";

const SAYS_WHERE_IT_RUNS = "console.log(JSON.stringify([process.pid, process.argv.slice(2), process.versions.node]));";

function checkout(t: TestContext): Checkout {
  const place = new Checkout();
  t.after(() => place.remove());
  return place;
}

test("under a new enough Node a file runs in the launcher's own process, and no runtime is fetched", async (t) => {
  const place = checkout(t);
  place.write("program.ts", SAYS_WHERE_IT_RUNS);
  const launcher = place.start(["program.ts", "--config", "a b.yaml"]);
  const ended = await ending(launcher);
  assert.deepEqual(JSON.parse(ended.stdout), [launcher.pid, ["--config", "a b.yaml"], process.versions.node]);
  assert.deepEqual(place.installs(), ["ci a clone"]);
});

test("dependencies are installed once, and again when the lockfile wants others", async (t) => {
  const place = checkout(t);
  place.write("program.ts", "");
  const first = await place.run(["program.ts"]);
  const second = await place.run(["program.ts"]);
  place.lock("2.0.0");
  await place.run(["program.ts"]);
  assert.match(first.stderr, /^lmgate: Installing the dependencies, once\.$/m);
  assert.equal(second.stderr, "");
  assert.deepEqual(place.installs(), ["ci a clone", "ci a clone"]);
});

test("nothing but the program writes to stdout while things are installed", async (t) => {
  const place = checkout(t);
  place.write("program.ts", 'process.stdout.write("mine alone");');
  const ended = await place.run(["program.ts"], { old: true });
  assert.equal(ended.stdout, "mine alone");
  assert.match(ended.stderr, /added some packages/);
});

test("under an older Node the pinned one is fetched once, with one line that says so", async (t) => {
  const place = checkout(t);
  place.write("program.ts", SAYS_WHERE_IT_RUNS);
  const first = await place.run(["program.ts", "x"], { old: true });
  const second = await place.run(["program.ts", "x"], { old: true });
  assert.match(
    first.stderr,
    /^lmgate: LMGate needs Node 24 or newer; this is v20\.19\.0\. Fetching Node 24\.\d+\.\d+ /m,
  );
  assert.equal(second.stderr, "");
  assert.equal(second.code, 0);
  assert.equal(place.installs().length, 2, "one for the runtime, one for the dependencies");
});

test("programs found on the PATH run under the fetched Node too", async (t) => {
  const place = checkout(t);
  place.write("program.ts", 'console.log((process.env["PATH"] ?? "").split(":")[0]);');
  const ended = await place.run(["program.ts"], { old: true });
  assert.ok(ended.stdout.startsWith(join(place.directory, ".runtime")), ended.stdout);
});

test("where no ready-made Node exists the launcher says to install one", async (t) => {
  const place = checkout(t);
  const ended = await place.run(["program.ts"], { old: true, env: { NODE_PLATFORM: "sunos" } });
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /No ready-made one can be fetched for sunos-\w+: Install Node 24/);
  assert.deepEqual(place.installs(), []);
});

for (const old of [true, false]) {
  test(`a failed install ends with npm's words and one clear line (older Node: ${old})`, async (t) => {
    const place = checkout(t);
    place.write("program.ts", "");
    const ended = await place.run(["program.ts"], { old, env: { INSTALL_FAILS: "1" } });
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /npm error the registry is on holiday\n/);
    assert.match(ended.stderr.trim().split("\n").at(-1) ?? "", /^lmgate: .* could not be (fetched|installed)/);
    const again = await place.run(["program.ts"], { old });
    assert.equal(again.code, 0, "and the next try works");
  });

  test(`the exit code is the program's (older Node: ${old})`, async (t) => {
    const place = checkout(t);
    place.write("program.ts", "process.exitCode = 3;");
    assert.equal((await place.run(["program.ts"], { old })).code, 3);
  });

  test(`a program killed by a signal looks killed by it (older Node: ${old})`, async (t) => {
    const place = checkout(t);
    place.write("program.ts", 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);');
    assert.equal((await place.run(["program.ts"], { old })).signal, "SIGTERM");
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    test(`${signal} reaches the program (older Node: ${old})`, async (t) => {
      const place = checkout(t);
      place.write("program.ts", listening(signal, "process.exit(5);"));
      const launcher = place.start(["program.ts"], { old });
      await line(launcher, "listening");
      launcher.kill(signal);
      assert.equal((await ending(launcher)).code, 5);
    });
  }
}

test("a signal that arrives again at once, as npm repeats it, counts once; a later one counts", async (t) => {
  const place = checkout(t);
  // The program holds the clock, so that the test does not depend on how quickly signals travel.
  const program = `
    let now = 1_000_000;
    Date.now = () => now;
    for (const signal of ["SIGINT", "SIGUSR2"]) process.on(signal, () => console.log(signal));
    process.stdin.on("data", () => { now += 1000; console.log("a second later"); });
    console.log("listening");`;
  place.write("program.ts", program);
  const launcher = place.start(["program.ts"]);
  await line(launcher, "listening");
  launcher.kill("SIGINT");
  await line(launcher, "SIGINT");
  launcher.kill("SIGINT");
  launcher.kill("SIGUSR2");
  assert.equal(await line(launcher), "SIGUSR2", "the second SIGINT came before it and was left out");
  launcher.stdin?.write("\n");
  await line(launcher, "a second later");
  launcher.kill("SIGINT");
  await line(launcher, "SIGINT");
});

for (const old of [true, false]) {
  test(`when npm ends the shell between, the program is told (older Node: ${old})`, async (t) => {
    const place = checkout(t);
    place.write("program.ts", listening("SIGTERM", 'console.log("told"); process.exit();'));
    const shell = place.startInShell(["program.ts"], { old, env: { npm_lifecycle_event: "start" } });
    await line(shell, "listening");
    shell.kill("SIGTERM");
    await line(shell, "told");
  });
}

test("of two commands started together one installs and the other waits for it", async (t) => {
  const place = checkout(t);
  const release = join(place.directory, "release");
  place.write("program.ts", "");
  const env = { INSTALL_WAITS_FOR: release };
  const both = [place.start(["program.ts"], { env }), place.start(["program.ts"], { env })];
  const ends = both.map(async (launcher) => ending(launcher));
  await Promise.race(both.map(async (launcher) => said(launcher, "Waiting for another command")));
  writeFileSync(release, "");
  const codes = (await Promise.all(ends)).map((ended) => ended.code);
  assert.deepEqual(codes, [0, 0]);
  assert.deepEqual(place.installs(), ["ci a clone"]);
});

test("the lock of a command that died is not waited for", async (t) => {
  const place = checkout(t);
  const release = join(place.directory, "release");
  place.write("program.ts", "");
  const killed = place.start(["program.ts"], { env: { INSTALL_WAITS_FOR: release } });
  await said(killed, "fetching");
  const death = once(killed, "exit");
  killed.kill("SIGKILL");
  await death;
  writeFileSync(release, "");
  assert.equal((await place.run(["program.ts"])).code, 0);
});

test("Ctrl-C during an install ends it and leaves no lock", async (t) => {
  const place = checkout(t);
  place.write("program.ts", "");
  const launcher = place.start(["program.ts"], { env: { INSTALL_WAITS_FOR: join(place.directory, "never") } });
  await said(launcher, "fetching");
  const end = ending(launcher);
  launcher.kill("SIGINT");
  assert.equal((await end).signal, "SIGINT");
  assert.ok(!existsSync(join(place.directory, ".runtime", "lock")));
  assert.equal((await place.run(["program.ts"])).code, 0);
});

function listening(signal: NodeJS.Signals, then: string): string {
  return `process.on("${signal}", () => { ${then} }); setInterval(() => {}, 1000); console.log("listening");`;
}

const readers = new WeakMap<ChildProcess, AsyncIterator<string>>();

/** The next line a process writes to stdout, which must be `wanted` where that is given. */
async function line(child: ChildProcess, wanted?: string): Promise<string> {
  assert.ok(child.stdout);
  const reader = readers.get(child) ?? createInterface(child.stdout)[Symbol.asyncIterator]();
  readers.set(child, reader);
  const next: IteratorResult<string, unknown> = await reader.next();
  if (next.done) assert.fail("the process ended instead of writing a line");
  if (wanted !== undefined) assert.equal(next.value, wanted);
  return next.value;
}

async function said(child: ChildProcess, words: string): Promise<void> {
  let text = "";
  await new Promise<void>((resolve) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(words)) resolve();
    });
  });
}
