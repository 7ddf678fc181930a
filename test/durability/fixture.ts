/** A directory in which a test runs gateways one after the other in front of a scripted upstream, and their files. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { TestContext } from "node:test";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import type { TimedEvent } from "../../src/ledger/events/ledger-event.ts";
import { ScriptedProvider } from "../harness/scripted-provider.ts";
import { connectRaw, type RawPeer } from "../harness/raw-client.ts";
import { assertValid } from "../harness/record-schema.ts";
import { startGateway, type Gateway, type GatewayOptions } from "../harness/gateway.ts";

export interface DurabilityFixture {
  readonly directory: string;
  readonly statsPath: string;
  readonly provider: ScriptedProvider;
  /** Starts a gateway, which is stopped when the test ends. */
  start(options?: GatewayOptions): Promise<Gateway>;
  client(gateway: Gateway): Promise<RawPeer>;
  /** The records of all files, closed segments first. It fails on an invalid record and on duplicates. */
  records(): readonly RequestRecord[];
  events(): readonly TimedEvent[];
}

export async function durabilityFixture(t: TestContext): Promise<DurabilityFixture> {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-durability-"));
  const statsPath = join(directory, "stats.jsonl");
  const provider = await ScriptedProvider.start();
  const started: Gateway[] = [];
  const running = new Set<Gateway>();
  t.after(async () => {
    for (const gateway of started) await gateway.stop();
    await provider.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    directory,
    statsPath,
    provider,
    async start(options = {}) {
      const stats = { output_path: statsPath, ...options.config?.["stats"] };
      const providers = { openai: { upstream: provider.url }, ...options.config?.["providers"] };
      const gateway = await startGateway({ ...options, config: { ...options.config, stats, providers } });
      started.push(gateway);
      running.add(gateway);
      void gateway.exited().then(() => running.delete(gateway));
      return gateway;
    },
    async client(gateway) {
      const client = await connectRaw(gateway.port);
      t.after(() => client.destroy());
      return client;
    },
    records() {
      // A running gateway may have written only a part of the last line.
      const read = running.size > 0 ? wholeLinesOf : linesOf;
      const records = statsFiles(statsPath).flatMap((path) => read(path)) as RequestRecord[]; // as: checked in the next line
      for (const record of records) assertValid(record);
      assert.equal(new Set(records.map(({ id }) => id)).size, records.length, "no record is written twice");
      return records;
    },
    events: () => linesOf(join(directory, "ledger-events.jsonl")) as TimedEvent[], // as: written by the gateway under test
  };
}

/** The closed segments in order, then the active one. */
function statsFiles(path: string): readonly string[] {
  const directory = join(path, "..");
  const rotated = readdirSync(directory).filter((name) => /^stats-.*\.jsonl$/.test(name));
  return [...rotated.toSorted().map((name) => join(directory, name)), join(directory, basename(path))];
}

function linesOf(path: string): unknown[] {
  const text = readFileSync(path, "utf8");
  assert.ok(text === "" || text.endsWith("\n"), `${path} ends in a whole line`);
  return wholeLinesOf(path, text);
}

function wholeLinesOf(path: string, text = readFileSync(path, "utf8")): unknown[] {
  return text
    .split("\n")
    .slice(0, -1)
    .filter((line) => line !== "")
    .map((line): unknown => JSON.parse(line));
}

/** The number of running requests in the journal. */
export function requestsInJournal({ directory }: Pick<DurabilityFixture, "directory">): number {
  const running = new Set<string>();
  for (const line of readFileSync(join(directory, "inflight.journal"), "utf8").split("\n")) {
    if (!line.endsWith("}")) continue;
    // as: the format of the journal, of which only these two members are read.
    const { id, gone } = JSON.parse(line) as { readonly id?: string; readonly gone?: readonly string[] };
    if (id !== undefined) running.add(id);
    for (const ended of gone ?? []) running.delete(ended);
  }
  return running.size;
}
