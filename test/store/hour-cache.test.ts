// Figures from memory are those of the database, whatever happens to the store meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DuckDBConnection } from "@duckdb/node-api";
import { ask } from "../../src/store/query/execute.ts";
import type { HourCache } from "../../src/store/backends/memory/hour-cache.ts";
import { metricNames, querySchema } from "../../src/store/schema/query.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { oddRecords } from "./odd-ledger.ts";
import { openStore, type OpenedStore } from "./opened-store.ts";

const NOW = Date.parse("2026-11-20T12:34:56.789Z");
const asked = querySchema.parse({
  from: "2026-03-01T00:00:00Z",
  to: "2026-11-19T10:20:30Z",
  groupBy: ["owner", "model"],
  metrics: [...metricNames],
});

async function assertSame({ use, memory, reader }: OpenedStore, told: string): Promise<void> {
  const stored = await use((connection) => ask(connection, asked, { now: NOW }));
  const remembered = await use((connection) => ask(connection, asked, { now: NOW, memory }));
  assert.deepEqual(remembered, stored, told);
  assert.ok(stored.totals.total.requests, told);
  assert.deepEqual(await reader.ask(asked), stored, told);
}

test("what comes, goes to Parquet and is merged is in memory once", async (t) => {
  const records = oddRecords(seededRandom(5), 900);
  const store = await openStore(t, records.slice(0, 300), NOW);
  await assertSame(store, "at first");
  await store.append(records.slice(300, 500));
  await assertSame(store, "with more calls");
  await store.compact();
  await assertSame(store, "after all went to Parquet");
  for (let from = 500; from < 800; from += 50) {
    await store.append(records.slice(from, from + 50));
    await store.compact();
  }
  await assertSame(store, "after small files became one");
});

test("a question that is ended while it reads leaves nothing half read", async (t) => {
  const records = oddRecords(seededRandom(6), 600);
  const store = await openStore(t, records.slice(0, 300), NOW);
  await assertSame(store, "at first");
  await store.append(records.slice(300));
  await assert.rejects(store.use((connection) => ask(endedAfterFirstRows(connection), asked, asking(store.memory))));
  await assertSame(store, "after a question that was ended");
});

function asking(memory: HourCache): { readonly now: number; readonly memory: HourCache } {
  return { now: NOW, memory };
}

/** Each of its answers ends with an error behind the first chunk of rows. */
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
