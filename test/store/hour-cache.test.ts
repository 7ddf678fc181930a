// Results from memory equal those of the database, whatever happens to the store in between.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DuckDBConnection } from "@duckdb/node-api";
import { execute } from "../../src/store/query/execute.ts";
import { metricNames } from "../../src/store/schema/metrics.ts";
import { querySchema } from "../../src/store/schema/query.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { oddRecords } from "./odd-ledger.ts";
import { openStore, type OpenedStore } from "./opened-store.ts";

const NOW = Date.parse("2026-11-20T12:34:56.789Z");
const query = querySchema.parse({
  from: "2026-03-01T00:00:00Z",
  to: "2026-11-19T10:20:30Z",
  groupBy: ["owner", "model"],
  metrics: [...metricNames],
});

async function assertSame({ use, cache, reader }: OpenedStore, context: string): Promise<void> {
  const stored = await use((connection) => execute(connection, query, { now: NOW }));
  const fromMemory = await use((connection) => execute(connection, query, { now: NOW, cache }));
  assert.deepEqual(fromMemory, stored, context);
  assert.ok(stored.totals.total.requests, context);
  assert.deepEqual(await reader.query(query), stored, context);
}

test("records that arrive, go to Parquet and are merged are in memory once", async (t) => {
  const records = oddRecords(seededRandom(5), 900);
  const store = await openStore(t, records.slice(0, 300), NOW);
  await assertSame(store, "at the start");
  await store.append(records.slice(300, 500));
  await assertSame(store, "with more requests");
  await store.compact();
  await assertSame(store, "after compaction");
  for (let from = 500; from < 800; from += 50) {
    await store.append(records.slice(from, from + 50));
    await store.compact();
  }
  await assertSame(store, "after small files were merged");
});

test("a query that is interrupted while it reads leaves nothing half read", async (t) => {
  const records = oddRecords(seededRandom(6), 600);
  const store = await openStore(t, records.slice(0, 300), NOW);
  await assertSame(store, "at the start");
  await store.append(records.slice(300));
  await assert.rejects(
    store.use((connection) => execute(endedAfterFirstRows(connection), query, { now: NOW, cache: store.cache })),
  );
  await assertSame(store, "after an interrupted query");
});

/** A connection whose results fail after the first chunk of rows. */
function endedAfterFirstRows(connection: DuckDBConnection): DuckDBConnection {
  return new Proxy(connection, {
    get(target, name) {
      if (name !== "stream") return bound(target, name);
      return async (...statement: Parameters<DuckDBConnection["stream"]>) => {
        const result = await target.stream(...statement);
        let chunks = 0;
        return new Proxy(result, {
          get: (of, member) => {
            if (member !== "fetchChunk") return bound(of, member);
            return () => (chunks++ === 0 ? of.fetchChunk() : Promise.reject(new Error("Interrupted")));
          },
        });
      };
    },
  });
}

function bound(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name, target);
  return typeof member === "function" ? member.bind(target) : member;
}
