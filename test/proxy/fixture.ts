/**
 * The fixture of the proxy's tests: a real gateway in front of a scripted provider. Each request that a test forwards has
 * exactly one record, and at the end there are no other records.
 */
import assert from "node:assert/strict";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { ScriptedProvider } from "../harness/scripted-provider.ts";
import { fieldOf, statusOf, type RawMessage } from "../harness/raw-message.ts";
import { connectRaw, type RawPeer } from "../harness/raw-client.ts";
import { startGateway, testKey, type Gateway, type GatewayOptions } from "../harness/gateway.ts";

export interface ProxyFixture {
  readonly gateway: Gateway;
  /** The provider behind `/openai/`. */
  readonly provider: ScriptedProvider;
  client(): Promise<RawPeer>;
  /** The one record that was written since the last time. It must contain the fields of `expected`. */
  record(expected: Partial<RequestRecord>): Promise<RequestRecord>;
  /** The records of requests whose order is not known. */
  records(count: number): Promise<readonly RequestRecord[]>;
  /** Closes all connections on both sides, so that none is left for the next test. */
  clear(): Promise<void>;
  /** Stops the gateway. A record that no test expected fails. */
  stop(): Promise<void>;
}

export async function startProxyFixture(options: GatewayOptions = {}): Promise<ProxyFixture> {
  const provider = await ScriptedProvider.start();
  const gateway = await startGateway({
    ...options,
    config: { ...options.config, providers: { openai: { upstream: provider.url }, ...options.config?.["providers"] } },
  });
  const clients: RawPeer[] = [];
  let seen = 0;

  const records = async (count: number): Promise<readonly RequestRecord[]> => {
    const all = await gateway.records(seen + count);
    const fresh = all.slice(seen);
    seen = all.length;
    assert.equal(fresh.length, count, `more records than calls: ${JSON.stringify(fresh)}`);
    return fresh;
  };

  return {
    gateway,
    provider,
    records,
    async client() {
      const client = await connectRaw(gateway.port);
      clients.push(client);
      return client;
    },
    async record(expected) {
      const [record] = await records(1);
      assert.ok(record);
      assertFields(record, expected);
      return record;
    },
    async clear() {
      for (const client of clients.splice(0)) client.destroy();
      await provider.closeConnections();
    },
    async stop() {
      let code: number | null;
      let all: readonly RequestRecord[];
      try {
        code = await gateway.stop();
        all = await gateway.records(0);
      } finally {
        await provider.stop();
      }
      const { stderr } = gateway.output();
      assert.equal(stderr, "", "nothing is said on stderr");
      assert.equal(code, 0);
      assert.equal(all.length, seen, `records that no test expected: ${JSON.stringify(all.slice(seen))}`);
      assert.equal(new Set(all.map((record) => record.id)).size, all.length, "no record is written twice");
    },
  };
}

export function assertFields(record: RequestRecord, expected: Partial<RequestRecord>): void {
  for (const [field, value] of Object.entries(expected)) {
    const found: unknown = record[field as keyof RequestRecord]; // as: the keys are those of a partial record
    assert.deepEqual(found, value, `${field} of ${JSON.stringify(record)}`);
  }
}

const authorization = `Authorization: Bearer ${testKey.key}`;

/** A request head with a key; `lines` follow the usual ones. */
export function request(method: string, path: string, ...lines: readonly string[]): string {
  return [`${method} ${path} HTTP/1.1`, "Host: gate.test", authorization, ...lines, "", ""].join("\r\n");
}

export function get(path = "/openai/v1/models", ...lines: readonly string[]): string {
  return request("GET", path, ...lines);
}

/** A chat request, whose usage is read. */
export function post(body = '{"model":"m-0"}', ...lines: readonly string[]): string {
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  return `${request("POST", "/openai/v1/chat/completions", "Content-Type: application/json", length, ...lines)}${body}`;
}

/** A JSON response with the number `n` in its usage. */
export function jsonResponse(n: number, ...lines: readonly string[]): string {
  const body = JSON.stringify({ model: `m-${n}`, choices: [], usage: usage(n) });
  return [
    "HTTP/1.1 200 OK",
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    ...lines,
    "",
    body,
  ].join("\r\n");
}

/** The expected record of a request with that response. */
export function expectedRecord(n: number): Partial<RequestRecord> {
  return {
    status: 200,
    model: `m-${n}`,
    input_tokens: 1_000_000 + n,
    output_tokens: 2_000_000 + n,
    error_type: null,
    usage_state: "final",
  };
}

function usage(n: number): object {
  return { prompt_tokens: 1_000_000 + n, completion_tokens: 2_000_000 + n, total_tokens: 3_000_000 + 2 * n };
}

export const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
export const lastChunk = "0\r\n\r\n";

export function chunk(data: string): string {
  return `${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`;
}

/** One event with content. */
export function contentEvent(n: number, content = "word "): string {
  return `data: ${JSON.stringify({ model: `m-${n}`, choices: [{ index: 0, delta: { content } }] })}\n\n`;
}

/** The event with the usage, and the end of the stream. */
export function lastEvents(n: number): string {
  return `data: ${JSON.stringify({ model: `m-${n}`, choices: [], usage: usage(n) })}\n\ndata: [DONE]\n\n`;
}

/** Asserts one of LMGate's own error responses, with its header and its body. */
export function assertErrorResponse(message: RawMessage, status: number, code: string): void {
  assert.equal(statusOf(message), status);
  assert.equal(fieldOf(message, "x-lmgate-error"), code);
  const body: unknown = JSON.parse(message.body.toString());
  assert.ok(typeof body === "object" && body !== null && "error" in body && "message" in body);
  assert.equal(body.error, code);
}
