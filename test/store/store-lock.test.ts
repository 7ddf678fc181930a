import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { withStoreLock } from "../../src/store/files/store-lock.ts";

const SCRIPT = join(import.meta.dirname, "lock-child.ts");
const PROCESSES = 4;
const ROUNDS = 8;

test("an incomplete lock that no process holds is repaired", async (t) => {
  const directory = temporaryDirectory(t);
  const lock = join(directory, "lock");
  await withStoreLock(directory, 0, () => Promise.resolve());
  const { size } = statSync(lock);
  for (const left of [0, 100, 5000, size - 1]) {
    truncateSync(lock, left);
    await withStoreLock(directory, 0, () => Promise.resolve());
    assert.deepEqual(readdirSync(directory), ["lock"]);
    assert.equal(statSync(lock).size, size);
  }
});

test("only one process at a time has the lock, also when all of them find it incomplete", async (t) => {
  const directory = temporaryDirectory(t);
  const processes = Array.from({ length: PROCESSES }, () => new LockProcess(t, directory));
  assert.deepEqual(
    await Promise.all(processes.map((each) => each.line())),
    processes.map(() => "ready"),
  );
  for (let round = 0; round < ROUNDS; round++) {
    writeFileSync(join(directory, "lock"), "half");
    for (const each of processes) each.takeLock();
    assert.deepEqual(
      await Promise.all(processes.map((each) => each.line())),
      processes.map(() => "alone"),
    );
  }
});

class LockProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(t: TestContext, directory: string) {
    const child = spawn(process.execPath, [SCRIPT, directory], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    t.after(async () => {
      const exit = once(child, "exit");
      child.stdin.end();
      await exit;
    });
  }

  takeLock(): void {
    this.#child.stdin?.write("\n");
  }

  async line(): Promise<string> {
    const next = await this.#lines.next();
    return next.done === true ? "ended" : next.value;
  }
}

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-lock-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}
