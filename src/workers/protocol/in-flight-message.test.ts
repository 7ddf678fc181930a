import assert from "node:assert/strict";
import { test } from "node:test";
import type { InFlightChange } from "../../core/request/in-flight.ts";
import { fromInFlightMessage, toInFlightMessage } from "./in-flight-message.ts";

test("changes of the running requests arrive as they were sent", () => {
  const alive = [
    { id: "019aafc1-2f00", startedAt: 1_764_600_000_000.25, snapshot: "a\0b\0\u20ac" },
    { id: "019aafc1-2f01", startedAt: 0, snapshot: "" },
    { id: "019aafc1-2f02", startedAt: 7, snapshot: '{"id":"x"}' },
  ];
  const changes: readonly InFlightChange[] = [
    { alive, gone: ["019aafc1-2f03", "019aafc1-2f04"] },
    { alive: alive.slice(1), gone: [] },
    { alive: [], gone: ["019aafc1-2f05"] },
    { alive: [], gone: [] },
  ];
  for (const change of changes)
    assert.deepEqual(fromInFlightMessage(structuredClone(toInFlightMessage(change))), change);
});
