/**
 * Simulates OpenAI, Anthropic and Google on one port, for the demo, the tests and the benchmarks. It needs no model and no
 * account: each request directs sizes, pace, token numbers and failures (directions.ts). The responses are logged, so that
 * records can be compared with them.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

import { describe, type SimulatedResponse, type SimulatedRequest } from "./response.ts";
import { RequestLog, type LoggedRequest, type ProviderName } from "./request-log.ts";
import { decodeWhole } from "./content-encoding.ts";
import { deliver } from "./deliver.ts";
import { readDirections, readModel } from "./directions.ts";
import { fieldsOf, textOf, type Fields } from "./json-fields.ts";
import { errorResponse } from "./provider-errors.ts";
import { matchEndpoint, type EndpointMatch } from "./routes.ts";
import { openSocket } from "./sockets.ts";

export interface SimulatorOptions {
  readonly port?: number;
  readonly host?: string;
  /** The clock for `created` fields. */
  readonly now?: () => number;
}

export interface Simulator {
  /** Each provider responds below its name (`/openai/…`) and, because their paths differ, without it. */
  readonly url: string;
  readonly port: number;
  requests(): readonly LoggedRequest[];
  /** Resolves once `count` requests have ended in any way. */
  ended(count: number): Promise<void>;
  /** Removes ended requests from the log. */
  clear(): void;
  close(): Promise<void>;
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = "127.0.0.1", port = 0, now = Date.now } = options;
  const log = new RequestLog();
  let serial = 0;
  const server = createServer((request, response) => {
    serial += 1;
    const exchange: Exchange = { request, response, serial, seconds: Math.floor(now() / 1000), log };
    handle(exchange).catch((error: unknown) => {
      // A client may leave while its request is read; any other error is a bug in the simulator.
      if (!request.destroyed) throw error;
    });
  });
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.on("close", () => upgraded.delete(socket));
    const context = { log, nextSerial: () => ++serial, seconds: () => Math.floor(now() / 1000) };
    if (!openSocket(request, socket, head, context)) socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  });
  server.keepAliveTimeout = 60_000;
  server.listen({ port, host, backlog: 4_096 });
  await once(server, "listening");
  const bound = server.address() as AddressInfo; // Reason for the cast: a listening TCP server has an address.
  return {
    url: `http://${host}:${bound.port}`,
    port: bound.port,
    requests: () => log.requests(),
    ended: (count) => log.ended(count),
    clear: () => log.clear(),
    async close() {
      server.close();
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
      await once(server, "close");
    },
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly serial: number;
  readonly seconds: number;
  readonly log: RequestLog;
}

async function handle(exchange: Exchange): Promise<void> {
  const { request, response, log } = exchange;
  const [target = "/", query = ""] = (request.url ?? "/").split("?", 2);
  const match = matchEndpoint(request.method ?? "GET", target);
  const requestId = `req_sim${String(exchange.serial).padStart(10, "0")}`;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // Reason for the cast: no encoding is set.
  const raw = Buffer.concat(chunks);

  const { simulated, failure } = parseRequest(exchange, { match, query: new URLSearchParams(query), raw, requestId });
  const planned = failure ?? responseTo(simulated, match, request);
  const entry = log.open(describe(planned, simulated));
  await deliver({ planned, directions: simulated.directions, response, entry, headers: usualHeaders(simulated) });
}

interface Received {
  readonly match: EndpointMatch;
  readonly query: URLSearchParams;
  readonly raw: Buffer;
  readonly requestId: string;
}

/** An invalid request gets the provider's own error with status 400. */
function parseRequest(
  exchange: Exchange,
  received: Received,
): { readonly simulated: SimulatedRequest; readonly failure?: SimulatedResponse } {
  const { match, query, raw, requestId } = received;
  const empty: SimulatedRequest = {
    provider: match.provider,
    method: exchange.request.method ?? "GET",
    path: match.path,
    query,
    body: {},
    model: "",
    directions: {},
    requestId,
    id: (prefix) => `${prefix}${exchange.seconds.toString(36)}${String(exchange.serial).padStart(8, "0")}`,
    seconds: exchange.seconds,
  };
  try {
    const body = parseBody(raw, exchange.request.headers["content-encoding"] ?? "identity");
    const { name, directions } = readModel(match.model ?? textOf(body["model"]) ?? "");
    const header = exchange.request.headers["x-sim"];
    const directed = { ...directions, ...readDirections(Array.isArray(header) ? header.join(",") : header) };
    return { simulated: { ...empty, body, model: name, directions: directed } };
  } catch (error) {
    return {
      simulated: empty,
      failure: errorResponse(empty, 400, error instanceof Error ? error.message : String(error)),
    };
  }
}

function parseBody(raw: Buffer, encoding: string): Fields {
  if (raw.length === 0) return {};
  const parsed: unknown = JSON.parse(decodeWhole(raw, encoding).toString("utf8"));
  return fieldsOf(parsed);
}

function responseTo(simulated: SimulatedRequest, match: EndpointMatch, request: IncomingMessage): SimulatedResponse {
  if (simulated.directions.status !== undefined && simulated.directions.status !== 200) {
    return errorResponse(simulated, simulated.directions.status);
  }
  if (!hasCredential(request, simulated)) return errorResponse(simulated, 401);
  if (!match.endpoint)
    return errorResponse(simulated, 404, `Unknown request URL: ${simulated.method} ${simulated.path}`);
  return match.endpoint.respond(simulated);
}

/** Any key is valid, but a request without one is an error at every provider. */
function hasCredential({ headers }: IncomingMessage, { query }: SimulatedRequest): boolean {
  return ["authorization", "x-api-key", "x-goog-api-key"].some((name) => headers[name]) || query.has("key");
}

const providerHeaders: Readonly<
  Record<ProviderName, (simulated: SimulatedRequest) => Readonly<Record<string, string>>>
> = {
  openai: ({ requestId }) => ({
    "x-request-id": requestId,
    "openai-version": "2020-10-01",
    "openai-organization": "simulated",
    "openai-processing-ms": "12",
    "x-ratelimit-limit-requests": "10000",
    "x-ratelimit-remaining-requests": "9999",
    "x-ratelimit-reset-requests": "6ms",
  }),
  anthropic: ({ requestId }) => ({
    "request-id": requestId,
    "anthropic-organization-id": "5c3b1a52-0000-4000-8000-000000000000",
    "anthropic-ratelimit-requests-limit": "4000",
    "anthropic-ratelimit-requests-remaining": "3999",
  }),
  google: () => ({ vary: "Origin, X-Origin, Referer", "x-content-type-options": "nosniff" }),
};

function usualHeaders(simulated: SimulatedRequest): Readonly<Record<string, string>> {
  return providerHeaders[simulated.provider](simulated);
}
