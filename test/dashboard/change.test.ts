import assert from "node:assert/strict";
import { test } from "node:test";
import { changeOf, noChangeReason } from "../../dashboard/src/format/change.ts";

const cost = (now: number | null, before: number | null) => ({ total: { cost: now }, previous: { cost: before } });

test("a change without a percentage says which period has no data, or that there was nothing before", () => {
  const cases = [
    [cost(3, 2), 0.5, undefined],
    [cost(3, 0), null, "$0.00 in the previous period"],
    [cost(3, null), null, "No data for the previous period"],
    [{ total: { cost: 3 }, previous: null }, null, "No data for the previous period"],
    [cost(null, 2), null, "No data for this period"],
    [cost(null, null), null, "No data for this period"],
  ] as const;
  for (const [series, change, reason] of cases) {
    assert.equal(changeOf(series, "cost"), change);
    if (reason !== undefined) assert.equal(noChangeReason(series, "cost"), reason);
  }
});
