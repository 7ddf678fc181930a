/** An answer that a provider stores can be read any number of times; what it used counts once, when it is first known. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import type { RequestRecord } from "../../../src/core/request/request-record.ts";
import { startScriptedProvider, type ScriptedProvider } from "../../prices/scripted-provider.ts";
import { startGateway, testKey, type Gateway } from "../../harness/gateway.ts";

const USAGE = { input_tokens: 10_000, output_tokens: 1000, total_tokens: 11_000 };
/** gpt-4o: 2.50 a million in, 10 out. */
const COST = 0.035;

let provider: ScriptedProvider;
let gateway: Gateway;
let seen = 0;

before(async () => {
  provider = await startScriptedProvider();
  const upstream = provider.url;
  gateway = await startGateway({
    config: { server: { workers: 2 }, providers: { openai: { upstream }, "openai-eu": { upstream } } },
  });
});

after(async () => {
  await gateway.stop();
  await provider.stop();
});

function answer(id: string, status: string): Record<string, unknown> {
  const usage = status === "completed" ? USAGE : null;
  return { object: "response", id, status, model: "gpt-4o", output: [], usage };
}

/** Every call on a connection of its own, so that the two data threads share them. */
async function call(method: string, path: string, name: string = "openai"): Promise<void> {
  const headers = { authorization: `Bearer ${testKey.key}`, connection: "close" };
  const body = method === "POST" ? "{}" : null;
  const response = await fetch(`${gateway.url}/${name}${path}`, { method, headers, body });
  await response.arrayBuffer().catch(() => {
    // Cut by the script.
  });
}

async function newRecords(count: number): Promise<readonly RequestRecord[]> {
  const all = await gateway.records(seen + count);
  const fresh = all.slice(seen);
  seen = all.length;
  assert.equal(fresh.length, count);
  return fresh;
}

function states(records: readonly RequestRecord[]): readonly (string | undefined)[] {
  return records.map((record) => record.usage_state);
}

async function inputTokensCounted(): Promise<number> {
  const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const line = text.split("\n").find((row) => row.startsWith('lmgate_input_tokens_total{provider="openai"}'));
  return Number(line?.split(" ")[1]);
}

async function untilCounted(expected: number): Promise<void> {
  const deadline = Date.now() + 5000;
  while ((await inputTokensCounted()) !== expected) {
    assert.ok(Date.now() < deadline, `${await inputTokensCounted()} input tokens counted instead of ${expected}`);
    await delay(10);
  }
}

test("background work counts with the first answer that knows its use, and never again", async () => {
  provider.answer("POST /v1/responses", answer("resp_1", "queued"));
  provider.answer("GET /v1/responses/resp_1", answer("resp_1", "in_progress"));
  await call("POST", "/v1/responses");
  await call("GET", "/v1/responses/resp_1");
  const [posted, polled] = await newRecords(2);
  assert.deepEqual([posted?.usage_state, posted?.usage_reason, posted?.cost_usd], ["missing", "pending", undefined]);
  assert.equal(polled?.usage_state, "not_applicable");

  provider.answer("GET /v1/responses/resp_1", answer("resp_1", "completed"));
  await call("GET", "/v1/responses/resp_1");
  const [settled] = await newRecords(1);
  assert.deepEqual([settled?.usage_state, settled?.cost_usd, settled?.cost_source], ["final", COST, "table"]);
  assert.equal(settled?.total_input_tokens, 10_000);

  await call("GET", "/v1/responses/resp_1");
  const [again] = await newRecords(1);
  assert.equal(again?.usage_state, "replay");
  assert.ok(again && !("cost_usd" in again));
  await untilCounted(10_000);
});

test("an answer that was counted when it was made is a replay whenever it is read", async () => {
  provider.answer("POST /v1/responses", answer("resp_2", "completed"));
  provider.answer("GET /v1/responses/resp_2", answer("resp_2", "completed"));
  await call("POST", "/v1/responses");
  await call("GET", "/v1/responses/resp_2");
  await call("GET", "/v1/responses/resp_2");
  assert.deepEqual(states(await newRecords(3)), ["final", "replay", "replay"]);
  await untilCounted(20_000);
});

test("an answer that nobody asked for through this gateway is a replay", async () => {
  provider.answer("GET /v1/responses/resp_foreign", answer("resp_foreign", "completed"));
  await call("GET", "/v1/responses/resp_foreign");
  assert.deepEqual(states(await newRecords(1)), ["replay"]);
});

test("a stream that was cut counts when its answer is read again", async () => {
  const events = [{ type: "response.created", response: answer("resp_3", "in_progress") }];
  provider.answer("POST /v1/responses", undefined, { events, cut: true });
  provider.answer("GET /v1/responses/resp_3", answer("resp_3", "completed"));
  await call("POST", "/v1/responses");
  await call("GET", "/v1/responses/resp_3");
  const [cut, settled] = await newRecords(2);
  assert.deepEqual([cut?.usage_state, cut?.usage_reason], ["missing", "cut"]);
  assert.deepEqual([settled?.usage_state, settled?.cost_usd], ["final", COST]);
});

test("of many that read one answer at once, through both data threads, exactly one counts", async () => {
  for (let round = 0; round < 10; round++) {
    const id = `resp_round_${round}`;
    provider.answer("POST /v1/responses", answer(id, "queued"));
    provider.answer(`GET /v1/responses/${id}`, answer(id, "completed"));
    await call("POST", "/v1/responses");
    await Promise.all(Array.from({ length: 8 }, () => call("GET", `/v1/responses/${id}`)));
    const found = states(await newRecords(9));
    const counts = ["missing", "final", "replay"].map((state) => found.filter((one) => one === state).length);
    assert.deepEqual(counts, [1, 1, 7]);
  }
});

test("another provider's answer of the same name settles nothing", async () => {
  provider.answer("POST /v1/responses", answer("resp_4", "queued"));
  provider.answer("GET /v1/responses/resp_4", answer("resp_4", "completed"));
  await call("POST", "/v1/responses");
  await call("GET", "/v1/responses/resp_4", "openai-eu");
  await call("GET", "/v1/responses/resp_4");
  const found = await newRecords(3);
  assert.deepEqual(states(found.filter((record) => record.provider === "openai")), ["missing", "final"]);
  assert.deepEqual(states(found.filter((record) => record.provider === "openai-eu")), ["replay"]);
});
