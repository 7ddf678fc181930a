/** A response that the provider stores can be fetched any number of times; its usage counts once, when it is first known. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { HANG_MS } from "../../harness/until.ts";
import type { RequestRecord } from "../../../src/core/request/request-record.ts";
import { startScriptedProvider, type ScriptedProvider } from "../../prices/scripted-provider.ts";
import { startGateway, testKey, type Gateway } from "../../harness/gateway.ts";

const USAGE = { input_tokens: 10_000, output_tokens: 1000, total_tokens: 11_000 };
/** gpt-4o: 2.50 per million input tokens, 10 per million output tokens. */
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

function storedResponse(id: string, status: string): Record<string, unknown> {
  const usage = status === "completed" ? USAGE : null;
  return { object: "response", id, status, model: "gpt-4o", output: [], usage };
}

/** Opens a connection for each request, so that both data workers get some. */
async function sendRequest(method: string, path: string, name: string = "openai"): Promise<void> {
  const headers = { authorization: `Bearer ${testKey.key}`, connection: "close" };
  const body = method === "POST" ? "{}" : null;
  const response = await fetch(`${gateway.url}/${name}${path}`, { method, headers, body });
  await response.arrayBuffer().catch(() => {
    // The scripted provider cuts some responses off.
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
  const deadline = Date.now() + HANG_MS;
  while ((await inputTokensCounted()) !== expected) {
    assert.ok(Date.now() < deadline, `${await inputTokensCounted()} input tokens counted instead of ${expected}`);
    await delay(10);
  }
}

test("background work counts with the first response that reports its usage, and only once", async () => {
  provider.respondWith("POST /v1/responses", storedResponse("resp_1", "queued"));
  provider.respondWith("GET /v1/responses/resp_1", storedResponse("resp_1", "in_progress"));
  await sendRequest("POST", "/v1/responses");
  await sendRequest("GET", "/v1/responses/resp_1");
  const [posted, polled] = await newRecords(2);
  assert.deepEqual([posted?.usage_state, posted?.usage_reason, posted?.cost_usd], ["missing", "pending", undefined]);
  assert.equal(polled?.usage_state, "not_applicable");

  provider.respondWith("GET /v1/responses/resp_1", storedResponse("resp_1", "completed"));
  await sendRequest("GET", "/v1/responses/resp_1");
  const [settled] = await newRecords(1);
  assert.deepEqual([settled?.usage_state, settled?.cost_usd, settled?.cost_source], ["final", COST, "table"]);
  assert.equal(settled?.total_input_tokens, 10_000);

  await sendRequest("GET", "/v1/responses/resp_1");
  const [again] = await newRecords(1);
  assert.equal(again?.usage_state, "replay");
  assert.ok(again && !("cost_usd" in again));
  await untilCounted(10_000);
});

test("a response that was counted when it was created is a replay whenever it is fetched", async () => {
  provider.respondWith("POST /v1/responses", storedResponse("resp_2", "completed"));
  provider.respondWith("GET /v1/responses/resp_2", storedResponse("resp_2", "completed"));
  await sendRequest("POST", "/v1/responses");
  await sendRequest("GET", "/v1/responses/resp_2");
  await sendRequest("GET", "/v1/responses/resp_2");
  assert.deepEqual(states(await newRecords(3)), ["final", "replay", "replay"]);
  await untilCounted(20_000);
});

test("a response that was not requested through this gateway is a replay", async () => {
  provider.respondWith("GET /v1/responses/resp_foreign", storedResponse("resp_foreign", "completed"));
  await sendRequest("GET", "/v1/responses/resp_foreign");
  assert.deepEqual(states(await newRecords(1)), ["replay"]);
});

test("a stream that was cut off counts when its response is fetched again", async () => {
  const events = [{ type: "response.created", response: storedResponse("resp_3", "in_progress") }];
  provider.respondWith("POST /v1/responses", undefined, { events, cut: true });
  provider.respondWith("GET /v1/responses/resp_3", storedResponse("resp_3", "completed"));
  await sendRequest("POST", "/v1/responses");
  await sendRequest("GET", "/v1/responses/resp_3");
  const [cut, settled] = await newRecords(2);
  assert.deepEqual([cut?.usage_state, cut?.usage_reason], ["missing", "cut"]);
  assert.deepEqual([settled?.usage_state, settled?.cost_usd], ["final", COST]);
});

test("of many requests that fetch one response at once, through both data workers, exactly one counts", async () => {
  for (let round = 0; round < 10; round++) {
    const id = `resp_round_${round}`;
    provider.respondWith("POST /v1/responses", storedResponse(id, "queued"));
    provider.respondWith(`GET /v1/responses/${id}`, storedResponse(id, "completed"));
    await sendRequest("POST", "/v1/responses");
    await Promise.all(Array.from({ length: 8 }, () => sendRequest("GET", `/v1/responses/${id}`)));
    const found = states(await newRecords(9));
    const counts = ["missing", "final", "replay"].map((state) => found.filter((one) => one === state).length);
    assert.deepEqual(counts, [1, 1, 7]);
  }
});

test("another provider's response with the same id settles nothing", async () => {
  provider.respondWith("POST /v1/responses", storedResponse("resp_4", "queued"));
  provider.respondWith("GET /v1/responses/resp_4", storedResponse("resp_4", "completed"));
  await sendRequest("POST", "/v1/responses");
  await sendRequest("GET", "/v1/responses/resp_4", "openai-eu");
  await sendRequest("GET", "/v1/responses/resp_4");
  const found = await newRecords(3);
  assert.deepEqual(states(found.filter((record) => record.provider === "openai")), ["missing", "final"]);
  assert.deepEqual(states(found.filter((record) => record.provider === "openai-eu")), ["replay"]);
});
