/** Batches and runs end long after they start: their usage counts with the first response that says they have ended. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { RequestRecord } from "../../../src/core/request/request-record.ts";
import { type Gateway, startGateway, testKey } from "../../harness/gateway.ts";
import { type ScriptedProvider, startScriptedProvider } from "../../prices/scripted-provider.ts";

const RUN = "/v1/threads/thread_1/runs/run_1";

let provider: ScriptedProvider;
let gateway: Gateway;
let seen = 0;

before(async () => {
  provider = await startScriptedProvider();
  gateway = await startGateway({
    config: { server: { workers: 2 }, providers: { openai: { upstream: provider.url } } },
  });
});

after(async () => {
  await gateway.stop();
  await provider.stop();
});

/** Sends a request, and returns the usage in its record. */
async function usageOf(method: string, path: string): Promise<readonly [string | undefined, number | undefined]> {
  const headers = { authorization: `Bearer ${testKey.key}`, connection: "close" };
  const response = await fetch(`${gateway.url}/openai${path}`, {
    method,
    headers,
    body: method === "POST" ? "{}" : null,
  });
  await response.arrayBuffer();
  const records: readonly RequestRecord[] = await gateway.records(++seen);
  const record = records[seen - 1];
  return [record?.usage_state, record?.total_input_tokens];
}

function batch(status: string): object {
  const usage = status === "completed" ? { input_tokens: 1500, output_tokens: 800, total_tokens: 2300 } : null;
  return { id: "batch_1", object: "batch", model: "gpt-4o", status, usage };
}

function run(status: string): object {
  const usage = status === "completed" ? { prompt_tokens: 123, completion_tokens: 456, total_tokens: 579 } : null;
  return { id: "run_1", object: "thread.run", model: "gpt-4o", status, usage };
}

test("a batch counts once although it is polled repeatedly, and the file of its results does not count", async () => {
  provider.respondWith("POST /v1/batches", batch("validating"));
  provider.respondWith("GET /v1/batches/batch_1", batch("in_progress"));
  assert.deepEqual(await usageOf("POST", "/v1/batches"), ["missing", undefined]);
  assert.deepEqual(await usageOf("GET", "/v1/batches/batch_1"), ["not_applicable", undefined]);

  provider.respondWith("GET /v1/batches/batch_1", batch("completed"));
  provider.respondWith("GET /v1/batches", { object: "list", data: [batch("completed")] });
  provider.respondWith("GET /v1/files/file_2/content", {
    id: "batch_req_1",
    response: { body: { usage: { prompt_tokens: 9 } } },
  });
  assert.deepEqual(await usageOf("GET", "/v1/batches"), ["not_applicable", undefined]);
  assert.deepEqual(await usageOf("GET", "/v1/batches/batch_1"), ["final", 1500]);
  assert.deepEqual(await usageOf("GET", "/v1/batches/batch_1"), ["replay", 1500]);
  assert.deepEqual(await usageOf("GET", "/v1/files/file_2/content"), ["not_applicable", undefined]);
});

test("a run that waits for tool outputs counts once, with the response to those outputs or the first fetch after it", async () => {
  provider.respondWith("POST /v1/threads/thread_1/runs", run("queued"));
  provider.respondWith(`GET ${RUN}`, run("requires_action"));
  provider.respondWith(`POST ${RUN}/submit_tool_outputs`, undefined, {
    events: [run("in_progress"), run("completed")],
  });
  assert.deepEqual(await usageOf("POST", "/v1/threads/thread_1/runs"), ["missing", undefined]);
  assert.deepEqual(await usageOf("GET", RUN), ["not_applicable", undefined]);
  assert.deepEqual(await usageOf("POST", `${RUN}/submit_tool_outputs`), ["final", 123]);

  provider.respondWith(`GET ${RUN}`, run("completed"));
  provider.respondWith(`GET ${RUN}/steps`, {
    object: "list",
    data: [{ object: "thread.run.step", usage: { prompt_tokens: 100 } }],
  });
  assert.deepEqual(await usageOf("GET", RUN), ["replay", 123]);
  assert.deepEqual(await usageOf("GET", `${RUN}/steps`), ["not_applicable", undefined]);
});
