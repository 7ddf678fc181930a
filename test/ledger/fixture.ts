import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { HANG_MS } from "../harness/until.ts";
import { relayLogger } from "../../src/core/log.ts";
import { Ledger } from "../../src/ledger/writer/ledger.ts";
import type { LedgerOptions } from "../../src/ledger/writer/ledger.ts";

export interface LogEntry {
  readonly level: string;
  readonly message: string;
}

export const silentLog = relayLogger(() => undefined);

export interface LedgerFixture {
  readonly dir: string;
  /** The stats file. */
  readonly path: string;
  readonly log: LogEntry[];
  /** Opens a ledger, which is closed when the test ends. */
  open(options?: Partial<LedgerOptions>): Ledger;
}

export interface Line {
  readonly n: number;
  readonly instance: string;
  readonly seq: number;
}

/** Creates a directory for one test, which is removed when the test ends. */
export function ledgerFixture(t: TestContext): LedgerFixture {
  const dir = mkdtempSync(join(tmpdir(), "lmgate-ledger-"));
  const path = join(dir, "stats.jsonl");
  const log: LogEntry[] = [];
  const opened: Ledger[] = [];
  t.after(() => {
    for (const ledger of opened) ledger.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return {
    dir,
    path,
    log,
    open(options = {}) {
      const ledger = Ledger.open({
        ...defaults(path),
        log: relayLogger(({ level, message }) => log.push({ level, message })),
        ...options,
      });
      opened.push(ledger);
      return ledger;
    },
  };
}

function defaults(path: string): LedgerOptions {
  return {
    path,
    flushIntervalMs: 60_000,
    rotateBytes: 100_000_000,
    fileMode: 0o640,
    maxQueueBytes: 32_000_000,
    instance: "one",
    now: Date.now,
    log: silentLog,
  };
}

export function record(n: number): string {
  return JSON.stringify({ n, model: "m-1", padding: "x".repeat(150) });
}

/** Appends the records `from` to `from + count - 1` as one batch. */
export function appendAll(ledger: Ledger, from: number, count: number): void {
  for (let n = from; n < from + count; n += 1) ledger.append(record(n));
  ledger.flush();
}

/** Parses the lines of a text, and fails if the last one is torn. */
export function linesOf(text: string): Line[] {
  assert.ok(text === "" || text.endsWith("\n"), `does not end in a whole line: …${JSON.stringify(text.slice(-60))}`);
  // as: written by `record` above and completed by the ledger.
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

export function linesIn(path: string): Line[] {
  return linesOf(readFileSync(path, "utf8"));
}

/** The names of closed segments, sorted. */
export function rotatedNames(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => /^stats-.*\.jsonl$/.test(name))
    .toSorted();
}

export function linesInAll(dir: string, names: readonly string[]): Line[] {
  return names.flatMap((name) => linesIn(join(dir, basename(name))));
}

/** The numbers from `from` to `to - 1`. */
export function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}

export async function until(condition: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + HANG_MS;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`timed out waiting until ${condition}`);
    await pause(10);
  }
}

/** The reason to skip a test that needs this command, or `false` if the command works here. */
export function unlessWorks(command: string, ...args: string[]): string | false {
  const { status } = spawnSync(command, args, { stdio: "ignore" });
  return status === 0 ? false : `needs \`${[command, ...args].join(" ")}\` to work`;
}
