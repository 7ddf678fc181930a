import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test, type TestContext } from "node:test";
import { checkout, nextLine, programWaitingFor } from "./checkout.ts";

interface Watched {
  ppid: number;
  readonly pid: number;
  kill(pid: number, signal: string): void;
}

// as: a CommonJS file without types.
const { endWithShell } = createRequire(import.meta.url)("../../scripts/launcher/shell-watcher.cjs") as {
  readonly endWithShell: (target: Watched, wasSignaled: () => boolean) => void;
};

function watched(t: TestContext): { readonly target: Watched; readonly sent: string[] } {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const sent: string[] = [];
  return { target: { pid: 7, ppid: 6, kill: (pid, signal) => sent.push(`${signal} to ${pid}`) }, sent };
}

test("a process whose parent changes sends itself SIGTERM, once", (t) => {
  const { target, sent } = watched(t);
  endWithShell(target, () => false);
  t.mock.timers.tick(1000);
  assert.deepEqual(sent, []);
  target.ppid = 1;
  t.mock.timers.tick(1000);
  assert.deepEqual(sent, ["SIGTERM to 7"]);
});

test("a process that has already received a signal sends itself no second one", (t) => {
  const { target, sent } = watched(t);
  endWithShell(target, () => true);
  target.ppid = 1;
  t.mock.timers.tick(1000);
  assert.deepEqual(sent, []);
});

for (const old of [true, false]) {
  test(`when npm ends the shell in between, the program receives SIGTERM (older Node: ${old})`, async (t) => {
    const clone = checkout(t);
    clone.write("program.ts", programWaitingFor("SIGTERM", 'console.log("received"); process.exit();'));
    const shell = clone.startInShell(["program.ts"], { old, env: { npm_lifecycle_event: "start" } });
    await nextLine(shell, "listening");
    shell.kill("SIGTERM");
    await nextLine(shell, "received");
  });
}
