// Whatever somebody else does to the file while calls pass, what is missing then is what they took, and the events say so.
import assert from "node:assert/strict";
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { audit, type Audit } from "../../src/ledger/tools/audit.ts";
import { Load, SteadyUpstream } from "./kill-load.ts";
import { eventually, place, type Place } from "./fixture.ts";

const TIMES = 5;
const PER_SECOND = 300;

interface Outcome {
  readonly found: Audit;
  readonly answered: number;
}

/** Does something to the file again and again under load, and verifies all that is there in the end. */
async function underLoad(
  here: Place,
  rotateMegabytes: number,
  interfere: (n: number, signal: () => void) => void,
): Promise<Outcome> {
  const upstream = await SteadyUpstream.start();
  const config = {
    stats: { output_path: here.statsPath, rotate_megabytes: rotateMegabytes },
    providers: { openai: { upstream: upstream.url } },
  };
  const gateway = await here.start({ config });
  const load = new Load(gateway.port, PER_SECOND, 1);
  for (let n = 1; n <= TIMES; n++) {
    const before = load.calls.length;
    await eventually("some calls have passed", () => load.calls.length >= before + 60 && existsSync(here.statsPath));
    interfere(n, () => gateway.signal("SIGHUP"));
  }
  await eventually("all are answered", () => {
    load.pause();
    return load.calls.every(({ endedAt }) => endedAt !== undefined);
  });
  await load.stop();
  assert.equal(await gateway.stop(), 0);
  upstream.stop();
  const names = readdirSync(here.directory).filter(
    (name) => /^stats.*\.jsonl/.test(name) && !/lock|corrupt/.test(name),
  );
  const files = [...names.filter((name) => name !== "stats.jsonl").toSorted(), "stats.jsonl"];
  const found = audit({
    files: files.map((name) => join(here.directory, name)),
    last: undefined,
    events: join(here.directory, "ledger-events.jsonl"),
    complete: true,
    live: false,
    onRead: () => undefined,
  });
  return { found, answered: load.calls.length };
}

test("R57: logrotate with create: moved away with a SIGHUP, again and again, nothing is missing", async (t) => {
  const here = await place(t);
  const { found, answered } = await underLoad(here, 100, (n, signal) => {
    renameSync(here.statsPath, join(here.directory, `stats-moved-${n}.jsonl`));
    signal();
  });
  assert.equal(found.files, TIMES + 1);
  assert.deepEqual([found.holes, found.faults], [[], []]);
  assert.equal(found.records, answered);
});

test("R56: deleted again and again, what is missing is what was deleted, and explained", async (t) => {
  const here = await place(t);
  let deleted = 0;
  const { found, answered } = await underLoad(here, 100, () => {
    deleted += readFileSync(here.statsPath, "utf8").split("\n").length - 1;
    rmSync(here.statsPath);
  });
  assert.ok(found.ok, JSON.stringify(found.holes));
  // What was written between the look and the deletion is gone as well.
  assert.ok(found.records <= answered - deleted && found.records > 0);
});

test("R58: copytruncate, again and again, leaves whole lines, and what falls between is explained", async (t) => {
  const here = await place(t);
  const { found, answered } = await underLoad(here, 100, (n) => {
    copyFileSync(here.statsPath, join(here.directory, `stats-copied-${n}.jsonl`));
    truncateSync(here.statsPath);
  });
  // A copy is made while lines are written, so it may end within one; the number of that one is missing, then.
  assert.deepEqual(
    found.faults.filter(({ file, fault }) => !(file.includes("copied") && fault === "is not finished")),
    [],
  );
  assert.ok(
    found.holes.every(({ explained }) => explained),
    JSON.stringify(found.holes),
  );
  const missing = found.holes.reduce((sum, { records }) => sum + records, 0);
  assert.equal(found.records + missing, answered);
});

test("R59: files that fill up many times a second hold every record once, in order", async (t) => {
  const here = await place(t);
  const { found, answered } = await underLoad(here, 0.02, () => {});
  assert.ok(found.files > TIMES);
  assert.deepEqual([found.holes, found.faults], [[], []]);
  assert.equal(found.records, answered);
});
