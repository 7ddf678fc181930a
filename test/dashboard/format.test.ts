// The dashboard's formats of numbers and moments. Its pages are tested in a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatBytes,
  formatCost,
  formatCostExactly,
  formatCount,
  formatDuration,
  formatQuantity,
  formatShare,
} from "../../dashboard/src/format/number.ts";
import { resolveMoment, shiftRange } from "../../dashboard/src/format/range.ts";
import { fromLocalInput, lastMonth, toLocalInput } from "../../dashboard/src/format/zoned.ts";

/** The space between a number and its unit. */
const plain = (text: string): string => text.replaceAll("\u202f", " ");

test("a small cost has more digits", () => {
  const rows = [
    [0, "$0"],
    [0.000_000_1, "<$0.000001"],
    [0.000_012, "$0.000012"],
    [0.004_2, "$0.0042"],
    [0.042, "$0.042"],
    [0.123_4, "$0.12"],
    [12.34, "$12.34"],
    [1234.5, "$1,235"],
    [12_345, "$12.3 k"],
    [999_970, "$1.0 M"],
    [1_234_567, "$1.2 M"],
    [-3.5, "−$3.50"],
  ] as const;
  for (const [value, text] of rows) assert.equal(plain(formatCost(value)), text, String(value));
  assert.equal(formatCostExactly(0.000_412_34), "$0.000412");
  assert.equal(formatCostExactly(1234.567_89), "$1,234.5679");
});

test("a quantity has the plural of its noun unless it is one", () => {
  assert.equal(formatQuantity(0, "request"), "0 requests");
  assert.equal(formatQuantity(1, "request"), "1 request");
  assert.equal(formatQuantity(12_345, "request"), "12,345 requests");
});

test("an unknown value is a dash and never a zero", () => {
  for (const format of [formatCost, formatCostExactly, formatCount, formatShare, formatDuration, formatBytes]) {
    for (const value of [null, undefined, Number.NaN]) assert.equal(format(value), "—");
    assert.notEqual(format(0), "—");
  }
});

test("counts, shares, times and sizes keep three or four digits and their unit", () => {
  assert.deepEqual([9999, 10_000, 1_234_567, 999_960, 2.5e9].map(formatCount).map(plain), [
    "9,999",
    "10.0 k",
    "1.2 M",
    "1.0 M",
    "2.5 B",
  ]);
  assert.deepEqual([0, 0.000_05, 0.0042, 0.123, 1].map(formatShare).map(plain), [
    "0 %",
    "<0.01 %",
    "0.42 %",
    "12.3 %",
    "100 %",
  ]);
  assert.deepEqual([0.5, 3.21, 342, 1234, 12_345, 125_000].map(formatDuration).map(plain), [
    "0.50 ms",
    "3.2 ms",
    "342 ms",
    "1.23 s",
    "12.3 s",
    "2 m 05 s",
  ]);
  assert.deepEqual([12, 1500, 250_000_000].map(formatBytes).map(plain), ["12 B", "1.5 kB", "250 MB"]);
});

test("local times of a zone and moments convert both ways, also around clock changes", () => {
  const zone = "Europe/Berlin";
  for (const text of [
    "2026-03-29T01:30",
    "2026-03-29T03:30",
    "2026-07-01T12:00",
    "2026-10-25T01:30",
    "2026-12-31T23:59",
  ]) {
    assert.equal(toLocalInput(fromLocalInput(text, zone), zone), text);
  }
  assert.equal(new Date(fromLocalInput("2026-07-01T12:00", zone)).toISOString(), "2026-07-01T10:00:00.000Z");
  assert.equal(
    new Date(fromLocalInput("2026-12-01T12:00", "America/St_Johns")).toISOString(),
    "2026-12-01T15:30:00.000Z",
  );
});

test("the last month is a whole month of the zone, and in January it is December", () => {
  const march = lastMonth(Date.parse("2026-04-15T10:00:00Z"), "Europe/Berlin");
  assert.deepEqual(march, { from: "2026-02-28T23:00:00.000Z", to: "2026-03-31T22:00:00.000Z" });
  const december = lastMonth(Date.parse("2026-01-01T00:30:00Z"), "America/New_York");
  assert.deepEqual(december, { from: "2025-11-01T04:00:00.000Z", to: "2025-12-01T05:00:00.000Z" });
});

test("a range is shifted by its own length and never beyond now", () => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  assert.equal(resolveMoment("-15m", now), now - 900_000);
  assert.deepEqual(shiftRange({ from: "-6h", to: "now" }, -1, now), {
    from: "2026-11-23T00:00:00.000Z",
    to: "2026-11-23T06:00:00.000Z",
  });
  assert.deepEqual(shiftRange({ from: "2026-11-23T03:00:00Z", to: "2026-11-23T09:00:00Z" }, 1, now), {
    from: "2026-11-23T06:00:00.000Z",
    to: "2026-11-23T12:00:00.000Z",
  });
});
