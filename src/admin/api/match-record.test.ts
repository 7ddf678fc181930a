import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFilter } from "../../store/filter/filter-text.ts";
import { timeZone } from "../../store/time/time-zone.ts";
import { matchesFilters } from "./match-record.ts";

// A Monday, 13:30 in UTC and 14:30 in Berlin.
const record = {
  timestamp: "2026-11-23T13:30:00.000Z",
  lmgate_id: "k1",
  owner: "anna",
  model: null,
  status: 200,
  client_app: "codex",
  tags: { team: "core" },
} as const;

const matches = (filter: string, tz = "UTC"): boolean => {
  const zone = timeZone(tz);
  assert.ok(zone);
  return matchesFilters(record, [parseFilter(filter)], zone);
};

test("a record matches filters on its local day, hour and weekday", () => {
  for (const [filter, tz, expected] of [
    ["hour=13", "UTC", true],
    ["hour=14", "UTC", false],
    ["hour=14", "Europe/Berlin", true],
    ["hour=13", "Europe/Berlin", false],
    ["weekday=1", "UTC", true],
    ["weekday!=1", "UTC", false],
    ["weekday!=2", "UTC", true],
    ["weekday=2", "Pacific/Kiritimati", true],
    ["day=2026-11-23", "UTC", true],
    ["day=2026-11-24", "Pacific/Kiritimati", true],
    ["hour>=13", "UTC", true],
    ["hour<=12", "UTC", false],
  ] as const) {
    assert.equal(matches(filter, tz), expected, `${filter} in ${tz}`);
  }
});

test("a record matches filters on its fields, and unknown values only match null", () => {
  for (const [filter, expected] of [
    ["owner=anna,ben", true],
    ["owner!=anna", false],
    ["key=k1", true],
    ["status>=400", false],
    ["status=200", true],
    ["model=null", true],
    ["model!=null", false],
    ["model!=gpt-5", true],
    ["error_type=null", true],
    ["client_app=codex", true],
    ["tag:team=core", true],
    ["tag:other=null", true],
  ] as const) {
    assert.equal(matches(filter), expected, filter);
  }
});
