/** A directory in which gateways run one after the other, before a scripted upstream, and what they leave there. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import type { TimedEvent } from "../../src/ledger/events/ledger-event.ts";
import { ScriptedProvider } from "../harness/scripted-provider.ts";
import { connectRaw, type RawPeer } from "../harness/raw-client.ts";
import { assertSound } from "../harness/record-schema.ts";
import { startGateway, type Gateway, type GatewayOptions } from "../harness/gateway.ts";

export interface Place {
  readonly directory: string;
  readonly statsPath: string;
  readonly faker: ScriptedProvider;
  /** A gateway that is ended with the test, if not before. */
  start(options?: GatewayOptions): Promise<Gateway>;
  client(gateway: Gateway): Promise<RawPeer>;
  /** Those of all files, rotated ones first; an unsound one, or one that is there twice, fails the test. */
  records(): readonly RequestRecord[];
  events(): readonly TimedEvent[];
}

export async function place(t: TestContext): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-durability-"));
  const statsPath = join(directory, "stats.jsonl");
  const faker = await ScriptedProvider.start();
  const started: Gateway[] = [];
  t.after(async () => {
    for (const gateway of started) await gateway.stop();
    await faker.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    directory,
    statsPath,
    faker,
    async start(options = {}) {
      const stats = { output_path: statsPath, ...options.config?.["stats"] };
      const providers = { openai: { upstream: faker.url }, ...options.config?.["providers"] };
      const gateway = await startGateway({ ...options, config: { ...options.config, stats, providers } });
      started.push(gateway);
      return gateway;
    },
    async client(gateway) {
      const client = await connectRaw(gateway.port);
      t.after(() => client.destroy());
      return client;
    },
    records() {
      const records = statsFiles(statsPath).flatMap(linesOf) as RequestRecord[]; // Checked in the next line.
      for (const record of records) assertSound(record);
      assert.equal(new Set(records.map(({ id }) => id)).size, records.length, "no record is written twice");
      return records;
    },
    events: () => linesOf(join(directory, "ledger-events.jsonl")) as TimedEvent[], // Written by the gateway under test.
  };
}

/** The rotated files in order, and the one that is written. */
function statsFiles(path: string): readonly string[] {
  const directory = join(path, "..");
  const rotated = readdirSync(directory).filter((name) => /^stats-.*\.jsonl$/.test(name));
  return [...rotated.toSorted().map((name) => join(directory, name)), join(directory, basename(path))];
}

function linesOf(path: string): unknown[] {
  const text = readFileSync(path, "utf8");
  assert.ok(text === "" || text.endsWith("\n"), `${path} ends in a whole line`);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line): unknown => JSON.parse(line));
}

/** Looks again until it is so, for what no event tells. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `never: ${what}`);
    await delay(20);
  }
}

/** How many calls the journal says are running. */
export function callsInJournal({ directory }: Place): number {
  const running = new Set<string>();
  for (const line of readFileSync(join(directory, "inflight.journal"), "utf8").split("\n")) {
    if (!line.endsWith("}")) continue;
    // As: the journal's own form, of which these two members are looked at.
    const { id, gone } = JSON.parse(line) as { readonly id?: string; readonly gone?: readonly string[] };
    if (id !== undefined) running.add(id);
    for (const over of gone ?? []) running.delete(over);
  }
  return running.size;
}
