// Other programs move, delete and truncate the file under load. Only the records they removed are missing, and events explain them.
import assert from "node:assert/strict";
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { eventually } from "../harness/until.ts";
import { audit, type Audit } from "../../src/ledger/tools/audit.ts";
import { Load, SteadyUpstream } from "./kill-load.ts";
import { durabilityFixture, type DurabilityFixture } from "./fixture.ts";

const TIMES = 5;
const PER_SECOND = 300;

interface Outcome {
  readonly found: Audit;
  readonly responses: number;
}

/** Interferes with the file repeatedly under load, and then verifies the ledger. */
async function underLoad(
  fixture: DurabilityFixture,
  rotateMegabytes: number,
  interfere: (n: number, signal: () => void) => void,
): Promise<Outcome> {
  const upstream = await SteadyUpstream.start();
  const config = {
    stats: { output_path: fixture.statsPath, rotate_megabytes: rotateMegabytes },
    providers: { openai: { upstream: upstream.url } },
  };
  const gateway = await fixture.start({ config });
  const load = new Load(gateway.port, PER_SECOND, 1);
  for (let n = 1; n <= TIMES; n++) {
    const before = load.requests.length;
    await eventually(
      "some requests have passed",
      () => load.requests.length >= before + 60 && existsSync(fixture.statsPath),
    );
    interfere(n, () => gateway.signal("SIGHUP"));
  }
  await eventually("all responses have arrived", () => {
    load.pause();
    return load.requests.every(({ endedAt }) => endedAt !== undefined);
  });
  await load.stop();
  assert.equal(await gateway.stop(), 0);
  upstream.stop();
  const names = readdirSync(fixture.directory).filter(
    (name) => /^stats.*\.jsonl/.test(name) && !/lock|corrupt/.test(name),
  );
  const files = [...names.filter((name) => name !== "stats.jsonl").toSorted(), "stats.jsonl"];
  const found = audit({
    files: files.map((name) => join(fixture.directory, name)),
    last: undefined,
    events: join(fixture.directory, "ledger-events.jsonl"),
    complete: true,
    live: false,
    onRead: () => undefined,
  });
  return { found, responses: load.requests.length };
}

test("R57: with logrotate's create mode, which moves the file and sends SIGHUP, no record is missing", async (t) => {
  const fixture = await durabilityFixture(t);
  const { found, responses } = await underLoad(fixture, 100, (n, signal) => {
    renameSync(fixture.statsPath, join(fixture.directory, `stats-moved-${n}.jsonl`));
    signal();
  });
  assert.equal(found.files, TIMES + 1);
  assert.deepEqual([found.holes, found.faults], [[], []]);
  assert.equal(found.records, responses);
});

test("R56: when the file is deleted repeatedly, only deleted records are missing, and they are explained", async (t) => {
  const fixture = await durabilityFixture(t);
  let deleted = 0;
  const { found, responses } = await underLoad(fixture, 100, () => {
    deleted += readFileSync(fixture.statsPath, "utf8").split("\n").length - 1;
    rmSync(fixture.statsPath);
  });
  assert.ok(found.ok, JSON.stringify(found.holes));
  // Records written between reading and deleting the file are gone as well.
  assert.ok(found.records <= responses - deleted && found.records > 0);
});

test("R58: copytruncate leaves whole lines, and records that fall between copy and truncation are explained", async (t) => {
  const fixture = await durabilityFixture(t);
  const { found, responses } = await underLoad(fixture, 100, (n) => {
    copyFileSync(fixture.statsPath, join(fixture.directory, `stats-copied-${n}.jsonl`));
    truncateSync(fixture.statsPath);
  });
  // A copy may end within a line that is being written; the number of that record is missing then.
  assert.deepEqual(
    found.faults.filter(({ file, fault }) => !(file.includes("copied") && fault === "is incomplete")),
    [],
  );
  assert.ok(
    found.holes.every(({ explained }) => explained),
    JSON.stringify(found.holes),
  );
  const missing = found.holes.reduce((sum, { records }) => sum + records, 0);
  assert.equal(found.records + missing, responses);
});

test("R59: files that are rotated many times a second contain every record once, in order", async (t) => {
  const fixture = await durabilityFixture(t);
  const { found, responses } = await underLoad(fixture, 0.02, () => {});
  assert.ok(found.files > TIMES);
  assert.deepEqual([found.holes, found.faults], [[], []]);
  assert.equal(found.records, responses);
});
