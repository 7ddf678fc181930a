/** Bedrock's frames and headers, and responses that collect others, from a real gateway to its records. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type OutgoingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";

import type { RequestRecord } from "../../../src/core/request/request-record.ts";
import { startGateway, testKey, type Gateway } from "../../harness/gateway.ts";
import { chunkFrame, eventFrame, exceptionFrame } from "../../usage/event-stream-frames.ts";

interface ScriptedResponse {
  readonly headers: OutgoingHttpHeaders;
  readonly pieces: readonly Buffer[];
}

const responses = new Map<string, ScriptedResponse>();
let upstream: Server;
let gateway: Gateway;
let seen = 0;

before(async () => {
  upstream = createServer((request, response) => {
    request.resume().on("end", () => {
      const { headers, pieces } = responses.get(`${request.method} ${request.url}`) ?? { headers: {}, pieces: [] };
      response.writeHead(200, headers);
      for (const piece of pieces) response.write(piece);
      response.end();
    });
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const { port } = upstream.address() as AddressInfo; // as: it listens on a host and a port
  const provider = { upstream: `http://127.0.0.1:${port}` };
  gateway = await startGateway({ config: { providers: { bedrock: provider, anthropic: provider, gemini: provider } } });
});

after(async () => {
  await gateway.stop();
  upstream.close();
  upstream.closeAllConnections();
});

/** Sends a request; returns the body that the client received, and the record. */
async function exchange(
  method: string,
  provider: string,
  path: string,
  scripted: ScriptedResponse,
): Promise<[Buffer, RequestRecord]> {
  responses.set(`${method} ${path}`, scripted);
  const headers = { authorization: `Bearer ${testKey.key}` };
  const body = method === "POST" ? "{}" : null;
  const response = await fetch(`${gateway.url}/${provider}${path}`, { method, headers, body });
  const received = Buffer.from(await response.arrayBuffer());
  const records = await gateway.records(++seen);
  const record = records.at(-1);
  assert.ok(record !== undefined && records.length === seen);
  return [received, record];
}

function counters(record: RequestRecord): unknown {
  const { usage_state, usage_source, model, input_tokens, output_tokens, total_input_tokens } = record;
  return [usage_state, usage_source, model, input_tokens, output_tokens, total_input_tokens];
}

function inSevens(body: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += 7) pieces.push(body.subarray(at, at + 7));
  return pieces;
}

const EVENTS = { "content-type": "application/vnd.amazon.eventstream" };

test("a converse stream passes unchanged and is counted by the event after its end", async () => {
  const body = Buffer.concat([
    eventFrame("messageStart", '{"role":"assistant"}'),
    eventFrame("contentBlockDelta", '{"delta":{"text":"Hi"}}'),
    eventFrame("messageStop", '{"stopReason":"end_turn"}'),
    eventFrame("metadata", '{"usage":{"inputTokens":5,"outputTokens":2,"cacheReadInputTokens":100}}'),
  ]);
  const path = "/model/us.anthropic.claude-x-v1%3A0/converse-stream";
  const [received, record] = await exchange("POST", "bedrock", path, { headers: EVENTS, pieces: inSevens(body) });
  assert.deepEqual(received, body);
  assert.deepEqual(counters(record), ["final", "stream", "us.anthropic.claude-x-v1:0", 5, 2, 105]);
});

test("an invoke stream that ends in an exception keeps its counters, and records the exception", async () => {
  const body = Buffer.concat([
    chunkFrame('{"type":"message_start","message":{"id":"msg_1","model":"claude-x","usage":{"input_tokens":3}}}'),
    exceptionFrame("throttlingException", '{"message":"slow down"}'),
  ]);
  const path = "/model/m/invoke-with-response-stream";
  const [received, record] = await exchange("POST", "bedrock", path, { headers: EVENTS, pieces: [body] });
  assert.deepEqual(received, body);
  assert.deepEqual(counters(record), ["partial", "stream", "claude-x", 3, null, 3]);
  assert.equal(record.error_type, "throttlingException");
});

test("an invoke response is counted by its header fields, whatever its body is", async () => {
  const headers = {
    "content-type": "application/octet-stream",
    "X-Amzn-Bedrock-Input-Token-Count": "7",
    "X-Amzn-Bedrock-Output-Token-Count": "9",
    "X-Amzn-RequestId": "req-7",
  };
  const [, record] = await exchange("POST", "bedrock", "/model/m/invoke", {
    headers,
    pieces: [Buffer.from([0xff, 1])],
  });
  assert.deepEqual(counters(record), ["final", "header", "m", 7, 9, 7]);
  assert.equal(record.response_id, "req-7");
});

test("a batch counts with the first download of its results, under the id from its start", async () => {
  const json = { "content-type": "application/json" };
  const start = Buffer.from('{"id":"msgbatch_1","type":"message_batch","processing_status":"in_progress"}');
  const [, started] = await exchange("POST", "anthropic", "/v1/messages/batches", { headers: json, pieces: [start] });
  assert.deepEqual([started.usage_state, started.usage_reason], ["missing", "pending"]);

  const line =
    '{"result":{"type":"succeeded","message":{"model":"claude-x","usage":{"input_tokens":2,"output_tokens":3}}}}\n';
  const results = {
    headers: { "content-type": "application/binary", "content-encoding": "gzip" },
    pieces: inSevens(gzipSync(line.repeat(3))),
  };
  const path = "/v1/messages/batches/msgbatch_1/results";
  const [, first] = await exchange("GET", "anthropic", path, results);
  assert.deepEqual([counters(first), first.operation], [["final", "stream", "claude-x", 6, 9, 6], "batch"]);
  const [, second] = await exchange("GET", "anthropic", path, results);
  assert.equal(second.usage_state, "replay");
});

test("a Gemini batch counts once, when it is done", async () => {
  const headers = { "content-type": "application/json" };
  const state = (done: boolean, response = ""): ScriptedResponse => {
    const word = done ? "SUCCEEDED" : "RUNNING";
    const text = `{"name":"batches/b1","metadata":{"state":"BATCH_STATE_${word}"},"done":${done}${response}}`;
    return { headers, pieces: [Buffer.from(text)] };
  };
  const single =
    '{"response":{"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":1,"totalTokenCount":3},"modelVersion":"m"}}';
  const done = state(true, `,"response":{"inlinedResponses":{"inlinedResponses":[${single},${single}]}}`);
  const [, started] = await exchange("POST", "gemini", "/v1beta/models/m:batchGenerateContent", state(false));
  const [, polled] = await exchange("GET", "gemini", "/v1beta/batches/b1", state(false));
  const [, first] = await exchange("GET", "gemini", "/v1beta/batches/b1", done);
  const [, second] = await exchange("GET", "gemini", "/v1beta/batches/b1", done);
  assert.deepEqual(
    [started, polled, first, second].map((record) => record.usage_state),
    ["missing", "not_applicable", "final", "replay"],
  );
  assert.deepEqual(counters(first), ["final", "body", "m", 4, 2, 4]);
});
