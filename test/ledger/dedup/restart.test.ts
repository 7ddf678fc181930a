/** Responses that were pending when a gateway stopped are pending for the next: it reads the end of the ledger. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { assertWorkWithin } from "../../harness/cpu-work.ts";
import { HANG_MS } from "../../harness/until.ts";
import { parseRecords } from "../../../src/demo/usage-table.ts";
import type { RequestRecord } from "../../../src/core/request/request-record.ts";
import { pendingInTail } from "../../../src/ledger/in-flight/ledger-tail.ts";
import { startScriptedProvider, type ScriptedProvider } from "../../prices/scripted-provider.ts";
import { startGateway, testKey, type Gateway } from "../../harness/gateway.ts";

interface RestartFixture {
  readonly directory: string;
  readonly statsPath: string;
  readonly provider: ScriptedProvider;
  start(): Promise<Gateway>;
}

async function restartFixture(t: TestContext): Promise<RestartFixture> {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-once-"));
  const statsPath = join(directory, "stats.jsonl");
  const provider = await startScriptedProvider();
  const started: Gateway[] = [];
  t.after(async () => {
    for (const gateway of started) await gateway.stop();
    await provider.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    directory,
    statsPath,
    provider,
    async start() {
      const config = { stats: { output_path: statsPath }, providers: { openai: { upstream: provider.url } } };
      const gateway = await startGateway({ config });
      started.push(gateway);
      return gateway;
    },
  };
}

async function sendRequest(gateway: Gateway, method: string, path: string): Promise<void> {
  const headers = { authorization: `Bearer ${testKey.key}` };
  const body = method === "POST" ? "{}" : null;
  await (await fetch(`${gateway.url}/openai${path}`, { method, headers, body })).arrayBuffer();
}

/** Waits for the expected number of records in closed segments and the active one, and returns them. */
async function recordsIn({ directory }: RestartFixture, count: number): Promise<readonly RequestRecord[]> {
  const deadline = Date.now() + HANG_MS;
  for (;;) {
    const names = readdirSync(directory).filter((name) => /^stats.*\.jsonl$/.test(name));
    const closed = names.filter((name) => name !== "stats.jsonl").toSorted();
    const files = [...closed, ...names.filter((name) => name === "stats.jsonl")];
    const records = files.flatMap((name) => parseRecords(readFileSync(join(directory, name), "utf8")));
    if (records.length === count) return records;
    assert.ok(Date.now() < deadline && records.length < count, `${records.length} records instead of ${count}`);
    await delay(10);
  }
}

function storedResponse(id: string, status: string): unknown {
  const usage = status === "completed" ? { input_tokens: 10, output_tokens: 5, total_tokens: 15 } : null;
  return { object: "response", id, status, model: "gpt-4o", output: [], usage };
}

test("a response that is pending at a restart counts when it is fetched later, and one that was counted does not", async (t) => {
  const fixture = await restartFixture(t);
  fixture.provider.respondWith("POST /v1/responses", storedResponse("resp_late", "queued"));
  fixture.provider.respondWith("GET /v1/responses/resp_late", storedResponse("resp_late", "completed"));
  const first = await fixture.start();
  await sendRequest(first, "POST", "/v1/responses");
  fixture.provider.respondWith("POST /v1/responses", storedResponse("resp_early", "queued"));
  fixture.provider.respondWith("GET /v1/responses/resp_early", storedResponse("resp_early", "completed"));
  await sendRequest(first, "POST", "/v1/responses");
  await sendRequest(first, "GET", "/v1/responses/resp_early");
  assert.equal(await first.stop(), 0);

  const second = await fixture.start();
  await sendRequest(second, "GET", "/v1/responses/resp_early");
  await sendRequest(second, "GET", "/v1/responses/resp_late");
  await sendRequest(second, "GET", "/v1/responses/resp_late");
  const late = (await recordsIn(fixture, 6)).slice(3);
  const states = (id: string): readonly (string | undefined)[] =>
    late.filter((record) => record.response_id === id).map((record) => record.usage_state);
  assert.deepEqual(states("resp_early"), ["replay"]);
  assert.deepEqual(states("resp_late"), ["final", "replay"]);
});

test("a response that is pending in a closed segment is found after the process was killed", async (t) => {
  const fixture = await restartFixture(t);
  fixture.provider.respondWith("POST /v1/responses", storedResponse("resp_1", "queued"));
  fixture.provider.respondWith("GET /v1/responses/resp_1", storedResponse("resp_1", "completed"));
  const first = await fixture.start();
  await sendRequest(first, "POST", "/v1/responses");
  await recordsIn(fixture, 1);
  const token = readFileSync(join(first.dataDir, "admin-token"), "utf8").trim();
  const rotated = await fetch(`${first.adminUrl}/api/v1/ledger/rotate`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
  });
  const { segment } = (await rotated.json()) as { segment: string }; // as: the response of the endpoint
  assert.match(segment, /stats-\d{8}T\d{6}\.\d{3}Z\.jsonl$/);
  first.signal("SIGKILL");
  await first.exited();

  const second = await fixture.start();
  await sendRequest(second, "GET", "/v1/responses/resp_1");
  const [, settled] = await recordsIn(fixture, 2);
  assert.equal(settled?.usage_state, "final");
});

test("only the end of a large ledger is read, and lines of other programs are skipped", async (t) => {
  const { statsPath } = await restartFixture(t);
  const record = { provider: "openai", method: "POST", status: 200, input_tokens: 1, output_tokens: 2, padding: "" };
  const counted = JSON.stringify({ ...record, response_id: "chatcmpl-1", padding: "x".repeat(700) });
  const pending = {
    ...record,
    input_tokens: null,
    output_tokens: null,
    usage_state: "missing",
    usage_reason: "pending",
  };
  const lines = Array<string>(50_000).fill(counted);
  lines.splice(
    49_000,
    0,
    JSON.stringify({ ...pending, response_id: "resp_near" }),
    '{"response_id":',
    "null",
    "[1]",
    "",
  );
  lines.splice(10, 0, JSON.stringify({ ...pending, response_id: "resp_far" }));
  writeFileSync(statsPath, `${lines.join("\n")}\n{"response_id":"torn`);
  const found = pendingInTail(statsPath);
  assert.deepEqual(
    ["resp_near", "resp_far"].map((id) => found.has({ provider: "openai", id })),
    [true, false],
  );
  const end = `${statsPath}.end`;
  writeFileSync(end, `${lines.slice(-20_000).join("\n")}\n`);
  await assertWorkWithin(
    2,
    () => pendingInTail(statsPath),
    () => pendingInTail(end),
  );
});
