import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordIds, Timestamps } from "./record-ids.ts";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function assertIncreasing(ids: readonly string[]): void {
  for (const [index, id] of ids.entries()) {
    assert.match(id, UUID_V7);
    if (index > 0) assert.ok((ids[index - 1] ?? "") < id, `${ids[index - 1]} < ${id}`);
  }
}

function take(source: RecordIds, count: number): string[] {
  return Array.from({ length: count }, () => source.next());
}

test("an id is a UUIDv7 that holds the time it was made", () => {
  const now = Date.UTC(2026, 10, 23, 12, 0, 0, 123);
  const id = new RecordIds(() => now).next();
  assert.match(id, UUID_V7);
  assert.equal(Number.parseInt(id.replace("-", "").slice(0, 12), 16), now);
});

test("ids of one millisecond increase, beyond what its counter can hold", () => {
  assertIncreasing(take(new RecordIds(() => 1_700_000_000_000), 20_000));
});

test("ids increase while the clock runs", () => {
  let now = 1_700_000_000_000;
  assertIncreasing(take(new RecordIds(() => now++), 5_000));
});

test("R93: ids go on increasing when the clock is set back", () => {
  let now = 1_700_000_000_000;
  const source = new RecordIds(() => now);
  const before = take(source, 100);
  now -= 3_600_000;
  const after = take(source, 10_000);
  now += 7_200_000;
  assertIncreasing([...before, ...after, ...take(source, 100)]);
});

test("two sources at the same time give different ids", () => {
  const now = (): number => 1_700_000_000_000;
  const ids = [...take(new RecordIds(now), 2_000), ...take(new RecordIds(now), 2_000)];
  assert.equal(new Set(ids).size, ids.length);
});

test("a timestamp equals that of Date, also after the clock is set back", () => {
  const timestamps = new Timestamps();
  const start = Date.UTC(2026, 11, 31, 23, 59, 58, 990);
  for (const shift of [0, 9, 10, 11, 1_009, 1_010, 61_010, 5, -1, -86_400_000, 1_000]) {
    assert.equal(timestamps.format(start + shift), new Date(start + shift).toISOString());
  }
});
