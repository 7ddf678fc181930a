import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChartFrame, ChartSeries } from "../../dashboard/src/chart/chart-series.ts";
import { edgesOf, plotData } from "../../dashboard/src/chart/plot-data.ts";
import { describeChart } from "../../dashboard/src/chart/summary.ts";

const frame: ChartFrame = {
  buckets: ["2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z", "2026-11-23T12:00:00Z"],
  bucket: "1h",
  tz: "UTC",
  to: "2026-11-23T12:30:00Z",
  partialFrom: "2026-11-23T12:00:00Z",
};
const start = Date.parse("2026-11-23T10:00:00Z") / 1000;

function series(label: string, values: ChartSeries["values"], previous?: ChartSeries["values"]): ChartSeries {
  return { name: label, label, color: "--series-0", values, previous };
}

test("the last bucket is as long as the one before it", () => {
  assert.deepEqual(edgesOf(frame), [start, start + 3600, start + 7200, start + 10_800]);
});

test("a stack is drawn from its highest sum down, and nothing counts as zero in it", () => {
  const [middles, highest, lowest] = plotData(frame, [series("a", [1, null, 3]), series("b", [10, 20, null])], "bar");
  assert.deepEqual(middles, [start + 1800, start + 5400, start + 9000]);
  assert.deepEqual(highest, [11, 20, 3]);
  assert.deepEqual(lowest, [1, 0, 3]);
});

test("lines keep their gaps, and each has its own line for the previous period", () => {
  const drawn = plotData(frame, [series("a", [1, null, 3], [4, 5, 6]), series("b", [7, 8, 9], [null, 1, 2])], "line");
  assert.deepEqual(drawn.slice(1), [
    [1, null, 3],
    [7, 8, 9],
    [4, 5, 6],
    [null, 1, 2],
  ]);
});

test("a stack shows the sum of the previous period", () => {
  const drawn = plotData(frame, [series("a", [1, 1, 1], [4, null, 6]), series("b", [1, 1, 1], [1, null, 2])], "area");
  assert.deepEqual(drawn.at(-1), [5, null, 8]);
});

test("a chart has a text description", () => {
  const text = describeChart({
    title: "Requests by owner",
    frame,
    series: [series("anna", [1, 2, 3]), series("ben", [5, null, 1])],
    isStack: true,
    exactly: String,
  });
  assert.equal(
    text,
    "Requests by owner: 12 in 3 intervals from Mon 23 Nov 10:00 to Mon 23 Nov 12:00. Highest: 6 at Mon 23 Nov 10:00. Largest: anna, 50.0\u202f%.",
  );
});
