// Serves the built dashboard before made-up answers: `node dashboard/mock/serve.ts [port]`. For work on its looks alone;
// `?empty` in the referring page's address shows the first run.
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join } from "node:path";
import type { CallRow, GateStatus } from "../../src/admin/contract.ts";
import { answer, matches, parseFilters, resolve } from "./answer.ts";
import { chance, facts } from "./traffic.ts";

const files = join(import.meta.dirname, "../../dist/dashboard");
const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname.startsWith("/api/v1/")) return api(url, request, response);
  return file(url.pathname.replace(/^\/ui\//, ""), response);
}).listen(Number(process.argv[2] ?? 8099), "127.0.0.1");

function file(path: string, response: ServerResponse): void {
  const type = types[extname(path)];
  response.setHeader("content-security-policy", policy);
  try {
    response.setHeader("content-type", type ?? "text/html; charset=utf-8");
    response.end(readFileSync(join(files, type === undefined ? "index.html" : path)));
  } catch {
    response.writeHead(404).end();
  }
}

function api(url: URL, request: IncomingMessage, response: ServerResponse): void {
  const now = Date.now();
  const query = url.searchParams;
  const path = url.pathname.slice("/api/v1".length);
  const json = (value: unknown): void => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(value));
  };
  const isEmpty = request.headers.referer?.includes("empty") === true;
  if (path === "/session")
    return json({ signedIn: request.headers.referer?.includes("signedout") !== true, csrf: "mock" });
  if (path === "/usage") {
    if (isEmpty) query.append("filter", "owner=nobody");
    return json({ ...answer(query, now), ...(isEmpty ? { through: null } : {}) });
  }
  if (path.startsWith("/dimensions/")) return json(dimensionValues(path.slice("/dimensions/".length), query, now));
  if (path === "/requests") return json({ rows: calls(query, now), cursor: null });
  if (path === "/status") return json(status(now));
  if (path === "/providers")
    return json([{ name: "openai", baseUrl: "http://localhost:8080/openai", upstream: "https://api.openai.com" }]);
  if (path === "/requests/stream")
    return void response.writeHead(200, { "content-type": "text/event-stream" }).write("event: alive\ndata: {}\n\n");
  response.writeHead(404, { "content-type": "application/problem+json" });
  return void response.end(
    JSON.stringify({ type: "about:blank", title: "Not Found", status: 404, detail: "The mock has no such answer." }),
  );
}

function dimensionValues(dimension: string, query: URLSearchParams, now: number): object {
  const counts = new Map<string | null, number>();
  const list = facts(resolve(query.get("from") ?? "-24h", now), resolve(query.get("to") ?? "now", now), 3_600_000);
  for (const { keys, requests } of list)
    counts.set(keys[dimension] ?? null, (counts.get(keys[dimension] ?? null) ?? 0) + requests);
  const values = [...counts]
    .map(([value, requests]) => ({ value, requests }))
    .toSorted((a, b) => b.requests - a.requests);
  const search = query.get("search")?.toLowerCase() ?? "";
  return { dimension, values: values.filter(({ value }) => (value ?? "").toLowerCase().includes(search)), more: false };
}

function calls(query: URLSearchParams, now: number): CallRow[] {
  const filters = parseFilters(query);
  const list = facts(resolve(query.get("from") ?? "-24h", now), resolve(query.get("to") ?? "now", now), 300_000);
  const found = list.filter((fact) => matches(fact, filters)).toReversed();
  return found
    .slice(0, Number(query.get("limit") ?? 50))
    .map(({ at, keys, input, output, cost, ttft, duration }, index) => ({
      id: `01K${at.toString(36)}${index}`,
      timestamp: new Date(at + chance(`${at}${index}`) * 300_000).toISOString(),
      lmgate_id: keys["key"] ?? null,
      owner: keys["owner"] ?? "",
      provider: keys["provider"] ?? "",
      model: keys["model"] ?? null,
      endpoint: keys["endpoint"] ?? "",
      operation: keys["operation"] ?? "",
      method: "POST",
      status: Number(keys["status"]),
      error_type: keys["error_type"] ?? null,
      stream: true,
      duration_ms: duration,
      ttft_ms: ttft,
      total_input_tokens: input,
      total_output_tokens: output,
      total_tokens: input + output,
      cost_usd: cost,
      cost_source: undefined,
      usage_state: "final",
      usage_reason: undefined,
      masked_key: "sk-…4f2a",
      client_app: keys["client_app"] ?? "",
    }));
}

function status(now: number): GateStatus {
  const lag = { p50: 0.2, p99: 1.4, max: 6 };
  return {
    version: "0.1.0",
    node: process.version,
    instance: "mock",
    startedAt: new Date(now - 86_400_000).toISOString(),
    uptimeSeconds: 86_400,
    state: "serving",
    address: { host: "127.0.0.1", port: 8080 },
    allowlist: {
      path: "data/allowlist.csv",
      keys: 8,
      version: 3,
      loadedAt: new Date(now).toISOString(),
      error: undefined,
      reloadErrors: 0,
    },
    ledger: {
      path: "data/stats.jsonl",
      interrupted: 0,
      unconfirmed: 0,
      written: 182_301,
      dropped: 0,
      queued: 0,
      degraded: false,
      lastError: undefined,
      lastWriteAt: new Date(now - 900).toISOString(),
      rotations: 4,
    },
    threads: [{ name: "data 1", state: "running", restarts: 0, loopLagMs: lag, accessVersion: 3 }],
    callsInFlight: 7,
    refusals: [],
  };
}
