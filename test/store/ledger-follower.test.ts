// Each record is in the store once, however the ledger's files are rotated, moved or rewritten.
import { appendFileSync, copyFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import type { Store } from "../../src/store/files/store.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { assertHolds, linesOf, recordAt, recordsFrom, storePlace, type StorePlace } from "./fixture.ts";

test("a rotation by the gateway, by rename, by copying and truncating, or by moving away hides no record", async (t) => {
  const place = storePlace(t);
  const store = await place.open();
  const all: RequestRecord[] = [];
  const rotations: readonly (() => void)[] = [
    () => renameSync(place.ledger, join(place.home, "stats-20261101T000000.000Z.jsonl")),
    () => renameSync(place.ledger, join(place.home, "stats.jsonl.1")),
    () => {
      copyFileSync(place.ledger, join(place.home, "stats.jsonl-20261102"));
      truncateSync(place.ledger);
    },
    () => renameSync(place.ledger, join(place.home, "elsewhere")),
    () => rmSync(place.ledger),
  ];
  for (const rotate of rotations) {
    for (const isRead of [true, false]) {
      const records = recordsFrom(all.length, 5);
      place.append(records);
      all.push(...records);
      if (isRead) await store.refresh();
    }
    // A file that was moved to an unknown place or deleted can only be read where it is still open.
    rotate();
    await store.refresh();
    await assertHolds(store, all, String(rotate));
  }
});

test("lines that are written to a file after it was renamed are read", async (t) => {
  const place = storePlace(t);
  const store = await place.open();
  place.append(recordsFrom(0, 3));
  await store.refresh();
  const renamed = join(place.home, "stats.jsonl.1");
  renameSync(place.ledger, renamed);
  place.append(recordsFrom(10, 2));
  await store.refresh();
  appendFileSync(renamed, linesOf(recordsFrom(3, 4)));
  await store.refresh();
  await assertHolds(store, [...recordsFrom(0, 7), ...recordsFrom(10, 2)]);
});

test("an incomplete line is read once it is complete", async (t) => {
  const place = storePlace(t);
  const store = await place.open();
  const line = linesOf([recordAt(1)]);
  appendFileSync(place.ledger, line + line.slice(0, 30));
  await store.refresh();
  await assertHolds(store, [recordAt(1)]);
  appendFileSync(place.ledger, `${line.slice(30)}{"timestamp":"2026-11-0`);
  await store.refresh();
  await assertHolds(store, [recordAt(1)], "the second is the first again");
  appendFileSync(place.ledger, `1T00:00:00.000Z","provider":"openai","id":"x"}\n`);
  await store.refresh();
  await assertHolds(store, [recordAt(1), { ...recordAt(0), input_tokens: null, cost_usd: 0 }]);
});

test("a segment that was rewritten counts with its new content, in memory and in Parquet", async (t) => {
  const place = storePlace(t);
  const store = await place.open();
  const closed = join(place.home, "stats-20261101T000000.000Z.jsonl");
  writeFileSync(closed, linesOf(recordsFrom(0, 10)));
  place.append(recordsFrom(10, 10));
  await store.refresh();
  for (const factor of [2, 3]) {
    const repriced = recordsFrom(0, 10).map((record) => ({ ...record, cost_usd: (record.cost_usd ?? 0) * factor }));
    writeFileSync(join(place.home, ".new"), linesOf(repriced));
    renameSync(join(place.home, ".new"), closed);
    await store.refresh();
    await assertHolds(store, [...repriced, ...recordsFrom(10, 10)], `times ${factor}`);
    await store.compact();
    await assertHolds(store, [...repriced, ...recordsFrom(10, 10)], `times ${factor}, in Parquet`);
  }
});

const seed = Number(process.env["SEED"] ?? 20261123);
const rounds = Number(process.env["ROUNDS"] ?? 25);

test(`any order of rotations, damage, compactions and restarts keeps each record exactly once (seed ${seed})`, async (t) => {
  const random = seededRandom(seed);
  const place = storePlace(t);
  const ledger = new RandomLedger(place, random);
  let store = await place.open();
  for (let round = 0; round < rounds; round++) {
    const done = ledger.step();
    if (random() < 0.2) await store.compact();
    // The previous store is left as a crash leaves it: not closed.
    if (random() < 0.1) store = await place.open();
    await store.refresh();
    await assertHolds(store, ledger.records, `round ${round}, after ${done}`);
  }
  const again = await place.open();
  await again.refresh();
  await assertHolds(again, ledger.records, "reopened");
  await again.rebuild({});
  await assertHolds(again, ledger.records, "rebuilt");
  await assertNothingToRead(again);
});

function pick<T>(things: readonly [T, ...T[]], random: () => number): T {
  return things[Math.floor(random() * things.length)] ?? things[0];
}

/** Fails if the store had something left to read. */
async function assertNothingToRead(store: Store): Promise<void> {
  const before = store.manifest.generation;
  await store.refresh();
  await store.compact();
  if (store.manifest.generation !== before) throw new Error("a store that was rebuilt had something to compact");
}

class RandomLedger {
  records: RequestRecord[] = [];
  readonly #place: StorePlace;
  readonly #random: () => number;
  #next = 0;
  #rotations = 0;
  #closed: string[] = [];
  readonly #repeated = new Set<string>();

  constructor(place: StorePlace, random: () => number) {
    this.#place = place;
    this.#random = random;
  }

  step(): string {
    const step = pick(
      ["append", "append", "append", "rotate", "truncate", "damage", "repeat", "reprice"] as const,
      this.#random,
    );
    this[step]();
    return step;
  }

  append(): void {
    const records = recordsFrom(this.#next, 1 + Math.floor(this.#random() * 40));
    this.#next += records.length;
    this.#place.append(records);
    this.records.push(...records);
  }

  rotate(): void {
    this.append();
    const stamp = `${20_261_101 + this.#rotations}T000000.000Z`;
    const names = [
      `stats-${stamp}.jsonl`,
      `stats.jsonl.${this.#rotations + 1}`,
      `stats.jsonl-${20_270_101 + this.#rotations}`,
    ];
    const name = names[this.#rotations++ % names.length] ?? "";
    renameSync(this.#place.ledger, this.#file(name));
    this.#closed.push(name);
  }

  truncate(): void {
    this.append();
    const name = `stats.jsonl.${1000 + this.#rotations++}`;
    copyFileSync(this.#place.ledger, this.#file(name));
    truncateSync(this.#place.ledger);
    this.#closed.push(name);
  }

  damage(): void {
    const lines = ["no JSON\n", "{}\n", "[1]\n", '{"provider":"x","timestamp":"never"}\n', "\n", "\u0000\u0001\n"];
    appendFileSync(this.#place.ledger, lines[Math.floor(this.#random() * lines.length)] ?? "");
  }

  repeat(): void {
    const known = this.records[Math.floor(this.#random() * this.records.length)];
    if (known === undefined) return;
    this.#repeated.add(known.id);
    appendFileSync(this.#place.ledger, linesOf([known]));
  }

  /** Rewrites records of a closed segment with another cost, except those that another file holds as well. */
  reprice(): void {
    const name = this.#closed[Math.floor(this.#random() * this.#closed.length)];
    if (name === undefined) return;
    const path = this.#file(name);
    const costs = new Map<string, number>();
    const lines = readFileSync(path, "utf8")
      .split("\n")
      .map((line) => {
        if (!line.startsWith('{"timestamp":"2')) return line;
        // as: it is a line that `append` wrote.
        const record = JSON.parse(line) as RequestRecord;
        if (this.#repeated.has(record.id)) return line;
        const cost = Math.floor(this.#random() * 1000) / 1e6;
        costs.set(record.id, cost);
        return JSON.stringify({ ...record, cost_usd: cost });
      });
    writeFileSync(this.#file(".new"), lines.join("\n"));
    renameSync(this.#file(".new"), path);
    this.records = this.records.map((record) => ({ ...record, cost_usd: costs.get(record.id) ?? record.cost_usd }));
  }

  #file(name: string): string {
    return join(dirname(this.#place.ledger), name);
  }
}
