import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { HourCache } from "../../src/store/backends/memory/hour-cache.ts";
import { LocalReader } from "../../src/store/service/local-reader.ts";
import { Store } from "../../src/store/files/store.ts";

export interface OpenedStore {
  readonly reader: LocalReader;
  /** For files that the engine writes when its memory is full. */
  readonly spillDirectory: string;
  readonly use: <T>(work: (connection: DuckDBConnection) => Promise<T>) => Promise<T>;
  readonly cache: HourCache;
  readonly compact: () => Promise<void>;
  readonly append: (records: readonly RequestRecord[]) => Promise<void>;
}

/** A ledger with these records and a store over it: the first half of them in Parquet and the others not yet, so
 * that queries read both. */
export async function openStore(
  t: Pick<TestContext, "after">,
  records: readonly RequestRecord[],
  now: number,
): Promise<OpenedStore> {
  const home = mkdtempSync(join(tmpdir(), "lmgate-store-"));
  const ledgerPath = join(home, "stats.jsonl");
  const spillDirectory = join(home, "spill");
  const half = Math.ceil(records.length / 2);
  writeFileSync(ledgerPath, linesOf(records.slice(0, half)));
  const store = await Store.open({
    ledgerPath,
    directory: join(home, "store"),
    memoryMegabytes: 512,
    threads: 2,
    spillDirectory,
    now: () => now,
  });
  t.after(async () => {
    await store.close();
    rmSync(home, { recursive: true });
  });
  await store.refresh();
  await store.compact();
  const use: OpenedStore["use"] = (work) => store.read(work);
  const append = async (more: readonly RequestRecord[]): Promise<void> => {
    appendFileSync(ledgerPath, linesOf(more));
    await store.refresh();
  };
  await append(records.slice(half));
  const cache = new HourCache({ directory: join(home, "store"), maxBytes: 64 * 1024 * 1024, use });
  const reader = new LocalReader({ use, now: () => now, directory: spillDirectory, cache });
  return { reader, spillDirectory, cache, use, append, compact: () => store.compact() };
}

function linesOf(records: readonly RequestRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}
