// `lmgate ledger verify` finds damaged, duplicate and missing records, and accepts gaps that the events explain.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test, type TestContext } from "node:test";

import { RecordIds } from "../../src/proxy/recording/record-ids.ts";
import type { Audit } from "../../src/ledger/tools/audit.ts";
import { cliFixture } from "../cli/run-lmgate.ts";

const ids = new RecordIds(() => Date.now());

function line(seq: number, instance = "one", over: object = {}): string {
  const record = {
    timestamp: "2026-11-23T10:00:00.000Z",
    lmgate_id: "k",
    provider: "openai",
    endpoint: "/openai/v1/models",
    model: null,
    status: 200,
    input_tokens: null,
    output_tokens: 0,
    masked_key: "",
    error_type: null,
    id: ids.next(),
    instance,
    seq,
    ...over,
  };
  return `${JSON.stringify(record)}\n`;
}

function lines(from: number, to: number, instance = "one"): string {
  return Array.from({ length: to - from + 1 }, (_, at) => line(from + at, instance)).join("");
}

function events(...all: readonly object[]): string {
  return all.map((event) => `${JSON.stringify({ at: "2026-11-23T10:00:00.000Z", ...event })}\n`).join("");
}

const gap = (from_seq: number, to_seq: number, instance = "one"): object => {
  const records = to_seq - from_seq + 1;
  return { event: "gap", instance, from_seq, to_seq, records, from: "then", to: "later", reason: "queue_full" };
};

/** Writes the files and verifies the stats files among them, in the order given. */
async function verify(
  t: TestContext,
  files: Readonly<Record<string, string>>,
): Promise<{ code: number | null; audit: Audit }> {
  const cli = cliFixture(t);
  for (const [name, text] of Object.entries(files)) writeFileSync(cli.path(name), text);
  const names = Object.keys(files).filter((name) => name.startsWith("stats"));
  const { code, stdout } = await cli.run(["ledger", "verify", "--json", ...names]);
  return { code, audit: JSON.parse(stdout) as Audit }; // as: what `--json` prints.
}

test("a complete ledger passes, across rotated files and several starts", async (t) => {
  const { code, audit } = await verify(t, {
    "stats-20261123T100000.000Z.jsonl": lines(1, 500),
    "stats-20261123T110000.000Z.jsonl": lines(501, 700) + lines(1, 50, "two"),
    "stats.jsonl": lines(51, 60, "two"),
    "ledger-events.jsonl": events({ event: "stopped", instance: "one", last_seq: 700 }),
  });
  assert.equal(code, 0);
  assert.deepEqual([audit.records, audit.instances, audit.files, audit.holes.length], [760, 2, 3, 0]);
});

test("a gap passes if events cover all of it, and fails if they do not", async (t) => {
  const stats = lines(1, 10) + lines(31, 40);
  const covered = await verify(t, { "stats.jsonl": stats, "ledger-events.jsonl": events(gap(11, 20), gap(21, 30)) });
  assert.equal(covered.code, 0);
  assert.match(covered.audit.holes[0]?.why ?? "", /the queue in memory was full/);
  const partial = await verify(t, { "stats.jsonl": stats, "ledger-events.jsonl": events(gap(11, 29)) });
  assert.equal(partial.code, 1);
  assert.deepEqual(
    partial.audit.holes.map(({ from, to, explained }) => [from, to, explained]),
    [[11, 30, false]],
  );
  const others = await verify(t, { "stats.jsonl": stats, "ledger-events.jsonl": events(gap(11, 30, "two")) });
  assert.equal(others.code, 1, "another instance's gap explains nothing");
  const none = await verify(t, { "stats.jsonl": stats });
  assert.equal(none.code, 1);
  assert.match(none.audit.notes.join(), /there is no .*ledger-events\.jsonl/);
});

test("an instance whose records end before the number in its `stopped` event is reported", async (t) => {
  const stats = lines(1, 5) + lines(1, 5, "three");
  const stopped = (instance: string, last_seq: number): object[] => [
    { event: "started", instance },
    { event: "stopped", instance, last_seq },
  ];
  const early = await verify(t, {
    "stats.jsonl": stats,
    "ledger-events.jsonl": events(...stopped("one", 7), { event: "started", instance: "three" }),
  });
  assert.equal(early.code, 1);
  assert.deepEqual(
    early.audit.holes.map(({ instance, from, to }) => [instance, from, to]),
    [["one", 6, 7]],
  );
});

test("records in a file that another program moved are explained, and no others", async (t) => {
  const moved = { event: "moved", instance: "one", last_seq: 20 };
  const after = await verify(t, {
    "stats.jsonl": lines(1, 3, "zero") + lines(21, 30),
    "ledger-events.jsonl": events(moved),
  });
  assert.equal(after.code, 0);
  const other = await verify(t, {
    "stats.jsonl": lines(1, 3, "zero") + lines(25, 30),
    "ledger-events.jsonl": events(moved),
  });
  assert.equal(other.code, 1);
});

test("files that begin in the middle of an instance pass, since earlier files may be kept elsewhere", async (t) => {
  const { code, audit } = await verify(t, { "stats.jsonl": lines(101, 110), "ledger-events.jsonl": "" });
  assert.equal(code, 0);
  assert.match(audit.notes.join(), /begin with number 101/);
});

const duplicate = line(2);
const DAMAGED: Readonly<Record<string, { readonly text: string; readonly found: RegExp }>> = {
  "a line that is not JSON": { text: `${line(1)}{"timestamp":\n`, found: /:2: is not JSON/ },
  "NUL bytes": { text: `${line(1)}\0\0\0\n`, found: /:2: contains NUL bytes/ },
  "a duplicate line": { text: line(1) + duplicate + duplicate, found: /:3: id .* appears twice/ },
  "a duplicate number": { text: line(1) + line(1), found: /:2: number 1 of one comes after number 1/ },
  "a field of the wrong type": { text: line(1, "one", { input_tokens: "7" }), found: /:1: input_tokens is "7"/ },
  "a missing field": { text: line(1, "one", { provider: undefined }), found: /:1: provider is missing/ },
  "bytes that are not UTF-8": { text: "", found: /:1: .*not valid UTF-8/ },
};

for (const [damage, { text, found }] of Object.entries(DAMAGED)) {
  test(`a file with ${damage} fails, and the line is named`, async (t) => {
    const cli = cliFixture(t);
    const invalid = Buffer.concat([Buffer.from(line(1).slice(0, -3)), Buffer.from([0xff]), Buffer.from('"}\n')]);
    writeFileSync(cli.path("stats.jsonl"), text === "" ? invalid : text);
    const { code, stdout } = await cli.run(["ledger", "verify", "stats.jsonl"]);
    assert.equal(code, 1);
    assert.match(stdout, found);
    assert.match(stdout, /^not ok: /m);
  });
}
