/** The cost in records, compared with costs computed by hand from the price lists. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { HANG_MS } from "../harness/until.ts";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { startGateway, testKey, type Gateway } from "../harness/gateway.ts";
import { startScriptedProvider, type ScriptedProvider } from "./scripted-provider.ts";

const OWN_PRICES = `
models:
  my-model: { input: 2, cache_read: 0.5, output: 8, request: 0.01 }
  "house-*": { input: 1, output: 1 }
  house-special: { input: 3, output: 3 }
  free-model: { input: 0, output: 0 }
  half-model: { input: 2 }
providers:
  anthropic:
    models:
      my-model: { input: 20, output: 80 }
multipliers:
  service_tier: { flex: 0.5, priority: 2 }
`;

let provider: ScriptedProvider;
let gateway: Gateway;
let directory: string;
let requests = 0;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "lmgate-prices-"));
  const overrides = join(directory, "prices.yaml");
  await writeFile(overrides, OWN_PRICES);
  provider = await startScriptedProvider();
  const upstream = provider.url;
  gateway = await startGateway({
    config: {
      pricing: { overrides_path: overrides },
      providers: {
        openai: { upstream },
        anthropic: { upstream },
        gemini: { upstream },
        openrouter: { upstream },
        "my-server": { upstream },
      },
    },
  });
});

after(async () => {
  await gateway.stop();
  await provider.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Sends a request, and returns its record. */
async function recordOf(path: string, response: unknown, status: number = 200): Promise<RequestRecord> {
  provider.respondWith(`POST ${path.slice(path.indexOf("/", 1))}`, response, { status });
  const headers = { authorization: `Bearer ${testKey.key}`, "content-type": "application/json" };
  const received = await fetch(`${gateway.url}${path}`, { method: "POST", headers, body: "{}" });
  await received.arrayBuffer();
  requests++;
  const record = (await gateway.records(requests)).at(-1);
  assert.ok(record);
  return record;
}

function chat(model: string, usage: Record<string, unknown>, more: Record<string, unknown> = {}): unknown {
  return { id: "c", object: "chat.completion", model, choices: [], usage, ...more };
}

const CHAT = "/openai/v1/chat/completions";

function assertCost(record: RequestRecord, usd: number | null, source: string): void {
  assert.deepEqual([record.cost_usd, record.cost_source], [usd, source], JSON.stringify(record));
}

test("cached tokens of an OpenAI request are billed at the cached price, the rest at the full price", async () => {
  const usage = { prompt_tokens: 10_000, completion_tokens: 1000, prompt_tokens_details: { cached_tokens: 4000 } };
  // gpt-4o: 2.50 per million input tokens, 1.25 cached, 10 out: 6,000 × 2.5 + 4,000 × 1.25 + 1,000 × 10 millionths.
  assertCost(await recordOf(CHAT, chat("gpt-4o-2024-08-06", usage)), 0.03, "table");
});

test("cache reads, cache writes and one-hour cache writes of an Anthropic request have separate prices", async () => {
  const usage = {
    input_tokens: 1000,
    cache_read_input_tokens: 100_000,
    cache_creation_input_tokens: 3000,
    cache_creation: { ephemeral_5m_input_tokens: 2000, ephemeral_1h_input_tokens: 1000 },
    output_tokens: 500,
  };
  const body = { type: "message", id: "m", model: "claude-sonnet-4-5-20250929", content: [], usage };
  // 3 in, 0.30 read, 3.75 written, 6 written for an hour, 15 out. Sonnet 4.5 has its base price up to 200,000 tokens.
  const usd = (1000 * 3 + 100_000 * 0.3 + 2000 * 3.75 + 1000 * 6 + 500 * 15) / 1e6;
  assertCost(await recordOf("/anthropic/v1/messages", body), usd, "table");
});

test("thinking tokens that Gemini counts separately are billed as output", async () => {
  const usageMetadata = {
    promptTokenCount: 1000,
    candidatesTokenCount: 100,
    thoughtsTokenCount: 900,
    totalTokenCount: 2000,
  };
  const body = { candidates: [{ finishReason: "STOP" }], modelVersion: "gemini-2.5-flash", usageMetadata };
  // 0.30 in, 2.50 out.
  const usd = (1000 * 0.3 + 1000 * 2.5) / 1e6;
  assertCost(await recordOf("/gemini/v1beta/models/gemini-2.5-flash:generateContent", body), usd, "table");
});

test("a cost that the provider states takes precedence over the table", async () => {
  const usage = { prompt_tokens: 13, completion_tokens: 16, total_tokens: 29, cost: 0.000093 };
  const record = await recordOf("/openrouter/api/v1/chat/completions", chat("openai/gpt-4o", usage));
  assertCost(record, 0.000093, "provider");
});

test("the operator's prices take precedence over the table's, and missing parts cost as much as the whole", async () => {
  const usage = { prompt_tokens: 1000, completion_tokens: 100, prompt_tokens_details: { cached_tokens: 400 } };
  const usd = (600 * 2 + 400 * 0.5 + 100 * 8) / 1e6 + 0.01;
  assertCost(await recordOf(CHAT, chat("my-model", usage)), usd, "override");
});

test("prices for one provider take precedence over those for all, and an exact name over a pattern", async () => {
  const usage = { prompt_tokens: 1_000_000, completion_tokens: 0 };
  const body = {
    type: "message",
    id: "m",
    model: "my-model",
    content: [],
    usage: { input_tokens: 1000, output_tokens: 10 },
  };
  assertCost(await recordOf("/anthropic/v1/messages", body), (1000 * 20 + 10 * 80) / 1e6, "override");
  assertCost(await recordOf(CHAT, chat("house-special", usage)), 3, "override");
  assertCost(await recordOf(CHAT, chat("house-other", usage)), 1, "override");
});

test("the operator's factor for a service tier applies to the table's prices as well", async () => {
  const usage = { prompt_tokens: 10_000, completion_tokens: 1000 };
  const tier = (service_tier: string): Promise<RequestRecord> =>
    recordOf(CHAT, chat("gpt-4o", usage, { service_tier }));
  assertCost(await tier("default"), 0.035, "table");
  assertCost(await tier("flex"), 0.0175, "table");
  assertCost(await tier("priority"), 0.07, "table");
});

test("the cost of an unknown model is null, never zero", async () => {
  const usage = { prompt_tokens: 10, completion_tokens: 1 };
  assertCost(await recordOf(CHAT, chat("gpt-unheard-of", usage)), null, "none");
  assertCost(await recordOf("/my-server/v1/chat/completions", chat("gpt-4o", usage)), null, "none");
});

test("an override for input alone is no price for a request with input and output", async () => {
  assertCost(await recordOf(CHAT, chat("half-model", { prompt_tokens: 10, completion_tokens: 1 })), null, "none");
});

test("the cost is zero for a free model, and for no tokens of a priced model", async () => {
  assertCost(await recordOf(CHAT, chat("free-model", { prompt_tokens: 10, completion_tokens: 1 })), 0, "override");
  assertCost(await recordOf(CHAT, chat("gpt-4o", { prompt_tokens: 0, completion_tokens: 0 })), 0, "table");
});

test("a request without usage has no cost fields at all", async () => {
  const record = await recordOf(CHAT, { error: { type: "server_error", message: "no" } }, 500);
  assert.ok(!("cost_usd" in record) && !("cost_source" in record), JSON.stringify(record));
});

test("a compaction is billed in addition to the response", async () => {
  const iterations = [
    { type: "compaction", input_tokens: 50_000, output_tokens: 1000 },
    { type: "message", input_tokens: 1000, output_tokens: 100 },
  ];
  const usage = { input_tokens: 1000, output_tokens: 100, iterations };
  const body = { type: "message", id: "m", model: "claude-sonnet-4-5", content: [], usage };
  const usd = (51_000 * 3 + 1100 * 15) / 1e6;
  assertCost(await recordOf("/anthropic/v1/messages", body), usd, "table");
});

test("the metrics sum up costs and count tokens without a price", async () => {
  const records = await gateway.records(requests);
  const spent = records.filter((record) => record.provider === "openai").map((record) => record.cost_usd ?? 0);
  const expected = spent.reduce((sum, cost) => sum + cost, 0);
  const deadline = Date.now() + HANG_MS;
  for (;;) {
    const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    const value = (series: string): number =>
      Number(
        text
          .split("\n")
          .find((line) => line.startsWith(`${series} `))
          ?.split(" ")[1],
      );
    const cost = value('lmgate_cost_usd_total{provider="openai"}');
    const unpriced = value("lmgate_unpriced_tokens_total");
    if (Math.abs(cost - expected) < 1e-9 && unpriced === 33) return;
    assert.ok(Date.now() < deadline, `${cost} instead of ${expected}; unpriced ${unpriced}`);
    await delay(10);
  }
});
