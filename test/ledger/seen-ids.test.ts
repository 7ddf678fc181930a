import assert from "node:assert/strict";
import { test } from "node:test";

import { RecordIds } from "../../src/proxy/recording/record-ids.ts";
import { SeenIds } from "../../src/ledger/tools/seen-ids.ts";

test("every id is new once, also after the table has grown", () => {
  const ids = new RecordIds(() => Date.now());
  const all = Array.from({ length: 150_000 }, () => ids.next());
  const seen = new SeenIds();
  assert.ok(all.every((id) => seen.add(id)));
  assert.ok(all.every((id) => !seen.add(id)));
});

test("beyond the limit at least the newer half of the ids is kept", () => {
  const ids = new RecordIds(() => Date.now());
  const all = Array.from({ length: 3_000 }, () => ids.next());
  const seen = new SeenIds(1_000);
  for (const id of all) assert.ok(seen.add(id));
  assert.ok(all.slice(-500).every((id) => !seen.add(id)));
  assert.ok(seen.add(all[0] ?? ""), "the first is dropped");
});
