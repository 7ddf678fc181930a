// Compacts repeatedly while the ledger grows, until it is killed.
import { appendFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { Store } from "../../src/store/files/store.ts";
import { linesOf, optionsOf, recordsFrom } from "./fixture.ts";

const [home = "", from = "0"] = process.argv.slice(2);
const store = await Store.open(optionsOf(home));
const ledger = join(home, "stats.jsonl");
for (let nth = Number(from); ; nth += 50) {
  appendFileSync(ledger, linesOf(recordsFrom(nth, 50)));
  if (nth % 200 === 0) renameSync(ledger, join(home, `stats-2026${String(nth).padStart(4, "0")}T000000.000Z.jsonl`));
  await store.refresh();
  await store.compact();
  process.send?.(nth);
}
