/** A running gateway with a month of records, for tests that use its admin API over real sockets. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { historyLines } from "../../src/demo/history-records.ts";
import { startGateway, type Gateway, type GatewayOptions } from "../harness/gateway.ts";

export interface ApiResponse {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
  readonly headers: Headers;
}

export interface ApiGateway {
  readonly gateway: Gateway;
  readonly token: string;
  /** The lines of the stats file before the first request. */
  readonly history: readonly string[];
  ask(method: string, path: string, body?: unknown): Promise<ApiResponse>;
  /** Sends a request with this key to the client port; resolves to the status of the response. */
  call(key: string, model?: string): Promise<number>;
  stop(): Promise<void>;
}

interface Options extends GatewayOptions {
  readonly records?: number;
}

export async function startApiGateway(options: Options = {}): Promise<ApiGateway> {
  const upstream = await startUpstream();
  const { port } = upstream.address() as { port: number }; // it listens on TCP
  const config = {
    server: { workers: 2 },
    store: { enabled: true },
    pricing: { overrides_path: "prices.yaml" },
    ...options.config,
    providers: { openai: { upstream: `http://127.0.0.1:${port}/` } },
  };
  const lines = [
    ...historyLines({ count: options.records ?? 0, until: Date.now() - 60_000, days: 30, owners: 5, seed: 7 }),
  ].map(({ text }) => text);
  const gateway = await startGateway({
    ...options,
    config,
    before: (directory) => {
      writeFileSync(join(directory, "prices.yaml"), "# none yet\n");
      if (lines.length > 0) writeFileSync(join(directory, "data", "stats-20261101T000000.000Z.jsonl"), lines.join(""));
    },
  });
  const token = readFileSync(join(gateway.dataDir, "admin-token"), "utf8").trim();
  return {
    gateway,
    token,
    history: lines,
    ask: (method, path, body) => askAt(gateway.adminUrl, token, { method, path, body }),
    call: (key, model = "gpt-4o") => requestWith(gateway.url, key, model),
    stop: async () => {
      assert.equal(await gateway.stop(), 0);
      upstream.close();
    },
  };
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

export async function askAt(adminUrl: string, token: string, { method, path, body }: Asked): Promise<ApiResponse> {
  const response = await fetch(`${adminUrl}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /^application\/(?:problem\+)?json/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, text, body: isJson ? JSON.parse(text) : undefined, headers: response.headers };
}

export async function requestWith(url: string, key: string, model: string): Promise<number> {
  // Each request has its own connection, so that both data workers serve some.
  const response = await fetch(`${url}/openai/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", connection: "close" },
    body: JSON.stringify({ model }),
  });
  await response.text();
  return response.status;
}

/** A provider that bills a million tokens in and out. */
async function startUpstream(): Promise<Server> {
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => (text += part));
    request.on("end", () => {
      const { model } = JSON.parse(text) as { model: string }; // as: what requestWith sends
      const usage = { prompt_tokens: 1_000_000, completion_tokens: 1_000_000, total_tokens: 2_000_000 };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ id: "r", object: "chat.completion", model, usage }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
