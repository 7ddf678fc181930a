/** An allow-list in its own directory, opened and watched as the gateway does, for the tests of this folder. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { AccessTable } from "../../src/allowlist/access-table.ts";
import { formatIssues } from "../../src/config/config-issue.ts";
import { openAllowlist, type AllowlistOptions, type AllowlistWatch } from "../../src/allowlist/watch-allowlist.ts";

/** Part of every key of these tests. It must never appear in a message or a log. */
export const KEY_STEM = "sk-proj-SECRET";

export function key(name: string): string {
  return `${KEY_STEM}-${name}-0123456789`;
}

/** A list of one row for each name. */
export function listOf(...names: readonly string[]): string {
  const rows = names.map((name) => `${name},${key(name)},owner of ${name},2026-11-23\n`);
  return `id,api_key,owner,added\n${rows.join("")}`;
}

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-policy-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Replaces the file by rename, as `mv` and careful editors do. */
export function replace(path: string, text: string | Uint8Array): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

export interface WatchedList {
  readonly path: string;
  readonly directory: string;
  readonly watch: AllowlistWatch;
  /** Key counts of the versions that came into force, and messages of those that did not. */
  readonly changes: readonly number[];
  readonly errors: readonly string[];
  readonly logged: readonly string[];
  /** Resolves once `holds` returns true; checked after every event of the watch. */
  until(holds: () => boolean): Promise<void>;
  opens(name: string): boolean;
}

type Over = Partial<Pick<AllowlistOptions, "path" | "pollIntervalMs" | "settleMs">>;

/** Polling is slow unless a test sets it. */
export async function watchList(t: TestContext, directory: string, over: Over = {}): Promise<WatchedList> {
  const path = over.path ?? join(directory, "allowlist.csv");
  const events = new EventEmitter();
  const changes: number[] = [];
  const errors: string[] = [];
  const logged: string[] = [];
  const note = (fields: object, message: string): void => {
    logged.push(JSON.stringify({ ...fields, message }));
    events.emit("event");
  };
  const watch = await openAllowlist({
    path,
    pollIntervalMs: 600_000,
    settleMs: 40,
    now: () => Date.now(),
    log: { info: note, warn: note, error: note },
    onChange: (version) => {
      changes.push(version.keys);
      events.emit("event");
    },
    onError: (message) => {
      if (message !== undefined) errors.push(message);
      events.emit("event");
    },
    ...over,
  });
  assert.ok(!("issues" in watch), "issues" in watch ? formatIssues(watch.issues).join("\n") : "");
  t.after(() => {
    watch.close();
    assert.ok(!logged.join().includes(KEY_STEM), "a key was logged");
  });
  return {
    path,
    directory,
    watch,
    changes,
    errors,
    logged,
    async until(holds) {
      while (!holds()) await once(events, "event");
    },
    opens: (name) =>
      new AccessTable(watch.current.buffer).find(createHash("sha256").update(key(name)).digest()) !== undefined,
  };
}
