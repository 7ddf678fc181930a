// A ledger that a test writes, a store over it, and a comparison of the two.
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { firstRow } from "../../src/store/duckdb/database.ts";
import { Store } from "../../src/store/files/store.ts";

export interface StorePlace {
  readonly home: string;
  readonly ledger: string;
  readonly directory: string;
  /** Every store that is opened is closed when the test ends. */
  open(options?: { readonly fresh?: boolean }): Promise<Store>;
  append(records: readonly RequestRecord[]): void;
}

export function storePlace(t: TestContext): StorePlace {
  const home = mkdtempSync(join(tmpdir(), "lmgate-store-"));
  const ledger = join(home, "stats.jsonl");
  const directory = join(home, "store");
  const opened: Store[] = [];
  t.after(async () => {
    for (const store of opened) await store.close();
    rmSync(home, { recursive: true, force: true });
  });
  return {
    home,
    ledger,
    directory,
    async open(options = {}) {
      const store = await Store.open({ ...optionsOf(home), ...options });
      opened.push(store);
      return store;
    },
    append: (records) => appendFileSync(ledger, linesOf(records)),
  };
}

export function optionsOf(home: string): Parameters<typeof Store.open>[0] {
  return {
    ledgerPath: join(home, "stats.jsonl"),
    directory: join(home, "store"),
    memoryMegabytes: 256,
    threads: 2,
    spillDirectory: join(home, "spill"),
    now: Date.now,
  };
}

export function linesOf(records: readonly RequestRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}

/** The `nth` record of a ledger. Ids and times increase with it. */
export function recordAt(nth: number, fields: Partial<RequestRecord> = {}): RequestRecord {
  const at = Date.UTC(2026, 10, 1) + nth * 61_000;
  const time = at.toString(16).padStart(12, "0");
  return {
    timestamp: new Date(at).toISOString(),
    lmgate_id: `key-${nth % 3}`,
    provider: nth % 2 === 0 ? "openai" : "anthropic",
    endpoint: "/openai/v1/chat/completions",
    model: `model-${nth % 4}`,
    status: 200,
    input_tokens: nth,
    output_tokens: nth % 7 === 0 ? null : 10,
    masked_key: "abcdef",
    error_type: null,
    id: `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${nth.toString(16).padStart(12, "0")}`,
    owner: `owner-${nth % 5}`,
    cost_usd: nth / 1e6,
    cost_source: "table",
    duration_ms: 100 + nth,
    ...fields,
  };
}

export function recordsFrom(from: number, count: number): readonly RequestRecord[] {
  return Array.from({ length: count }, (_, index) => recordAt(from + index));
}

/** Both relations hold exactly these records and their sums. */
export async function assertHolds(store: Store, records: readonly RequestRecord[], context = ""): Promise<void> {
  const of = (relation: string, count: string): Promise<unknown> =>
    store.read((connection) =>
      firstRow(
        connection,
        `SELECT ${count}::BIGINT AS calls, coalesce(sum(total_input_tokens), 0)::BIGINT AS input,
         round(coalesce(sum(cost_usd), 0) * 1e6)::BIGINT AS cost FROM ${relation}`,
      ),
    );
  const expected = {
    calls: records.length,
    input: records.reduce((sum, record) => sum + (record.input_tokens ?? 0), 0),
    cost: Math.round(records.reduce((sum, record) => sum + (record.cost_usd ?? 0), 0) * 1e6),
  };
  assert.deepEqual(await of("calls", "count(*)"), expected, `calls ${context}`);
  assert.deepEqual(await of("hours", "coalesce(sum(requests), 0)"), expected, `hours ${context}`);
}
