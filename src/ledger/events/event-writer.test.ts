import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readEvents, runningInstance } from "./event-reader.ts";
import { EventWriter } from "./event-writer.ts";

function eventsPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-events-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, "ledger-events.jsonl");
}

function writerOf(path: string): EventWriter {
  return new EventWriter({ path, mode: 0o640, now: () => Date.UTC(2026, 10, 23) });
}

test("each event is one line with its time, and can be read again", (t) => {
  const path = eventsPath(t);
  const writer = writerOf(path);
  writer.add({ event: "started", instance: "one" });
  assert.equal(runningInstance(path), "one");
  writer.add({ event: "stopped", instance: "one", last_seq: 7 });
  assert.equal(
    readFileSync(path, "utf8").split("\n")[1],
    '{"at":"2026-11-23T00:00:00.000Z","event":"stopped","instance":"one","last_seq":7}',
  );
  assert.equal(runningInstance(path), undefined);
  assert.equal(readEvents(path).instances.get("one")?.lastSeq, 7);
});

test("an event after a torn line that a crash left starts on a new line", (t) => {
  const path = eventsPath(t);
  writeFileSync(path, '{"at":"2026-11-22T00:00:00.000Z","event":"started","instance":"one"}\n{"at":"2026-11');
  writerOf(path).add({ event: "crashed", instance: "one", last_seq: 5, in_flight: 0, interrupted: 0 });
  assert.equal(runningInstance(path), undefined);
  assert.equal(readEvents(path).instances.get("one")?.lastSeq, 5);
});

test("events that cannot be written wait for the next write, except those that must be written now", (t) => {
  const path = eventsPath(t);
  mkdirSync(path);
  const writer = writerOf(path);
  writer.add({ event: "started", instance: "one" });
  assert.equal(writer.tryAdd([{ event: "writable", instance: "one", after_ms: 1 }]), false);
  rmdirSync(path);
  writer.flush();
  assert.deepEqual(
    readFileSync(path, "utf8")
      .split("\n")
      .map((line) => /"event":"(\w+)"/.exec(line)?.[1]),
    ["started", undefined],
  );
});
