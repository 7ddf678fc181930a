import assert from "node:assert/strict";
import { test } from "node:test";
import { PendingUsage } from "./pending-usage.ts";

test("a pending response is settled once", () => {
  const pending = new PendingUsage();
  pending.add({ provider: "openai", id: "resp_1" });
  assert.equal(pending.has({ provider: "openai", id: "resp_1" }), true);
  assert.equal(pending.settle({ provider: "azure", id: "resp_1" }), false);
  assert.equal(pending.settle({ provider: "openai", id: "resp_1" }), true);
  assert.equal(pending.settle({ provider: "openai", id: "resp_1" }), false);
});

test("a full set drops the oldest ids and counts them", () => {
  const pending = new PendingUsage(2);
  for (const id of ["a", "b", "a", "c"]) pending.add({ provider: "p", id });
  assert.equal(pending.size, 2);
  assert.equal(pending.forgotten, 1);
  assert.deepEqual(
    ["a", "b", "c"].map((id) => pending.has({ provider: "p", id })),
    [true, false, true],
  );
});
