/**
 * Providers that answer like the real ones: OpenAI, Anthropic and Google on one port, for the demo, the tests and the
 * benchmarks. No model and no account: sizes, pace, token numbers and faults are chosen by the request (directions.ts),
 * and what was answered is kept as the oracle for what a gateway should have counted.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

import { describe, type Answer, type Ask } from "./response.ts";
import { CallLedger, type AnsweredCall, type ProviderName } from "./request-log.ts";
import { decodeWhole } from "./content-encoding.ts";
import { deliver } from "./deliver.ts";
import { readDirections, readModel } from "./directions.ts";
import { fieldsOf, textOf, type Fields } from "./json-fields.ts";
import { errorAnswer } from "./provider-errors.ts";
import { findPlace, type Place } from "./routes.ts";
import { openSocket } from "./sockets.ts";

export interface SimulatorOptions {
  readonly port?: number;
  readonly host?: string;
  /** The clock behind `created` fields. */
  readonly now?: () => number;
}

export interface Simulator {
  /** Each provider answers below its own name (`/openai/…`) and, as its paths are its own, without it. */
  readonly url: string;
  readonly port: number;
  calls(): readonly AnsweredCall[];
  /** Resolves once so many calls have ended, however they ended. */
  ended(count: number): Promise<void>;
  /** Forgets the calls that have ended. */
  clear(): void;
  close(): Promise<void>;
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = "127.0.0.1", port = 0, now = Date.now } = options;
  const ledger = new CallLedger();
  let serial = 0;
  const server = createServer((request, response) => {
    serial += 1;
    const turn: Turn = { request, response, serial, seconds: Math.floor(now() / 1000), ledger };
    handle(turn).catch((error: unknown) => {
      // A caller that leaves while its request is read is nothing to report; anything else is our own mistake.
      if (!request.destroyed) throw error;
    });
  });
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.on("close", () => upgraded.delete(socket));
    const context = { ledger, nextSerial: () => ++serial, seconds: () => Math.floor(now() / 1000) };
    if (!openSocket(request, socket, head, context)) socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  });
  server.keepAliveTimeout = 60_000;
  server.listen({ port, host, backlog: 4_096 });
  await once(server, "listening");
  const bound = server.address() as AddressInfo; // A TCP server that listens has one.
  return {
    url: `http://${host}:${bound.port}`,
    port: bound.port,
    calls: () => ledger.calls(),
    ended: (count) => ledger.ended(count),
    clear: () => ledger.clear(),
    async close() {
      server.close();
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
      await once(server, "close");
    },
  };
}

interface Turn {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly serial: number;
  readonly seconds: number;
  readonly ledger: CallLedger;
}

async function handle(turn: Turn): Promise<void> {
  const { request, response, ledger } = turn;
  const [target = "/", query = ""] = (request.url ?? "/").split("?", 2);
  const place = findPlace(request.method ?? "GET", target);
  const requestId = `req_sim${String(turn.serial).padStart(10, "0")}`;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // No encoding is set, so these are buffers.
  const raw = Buffer.concat(chunks);

  const { ask, fault } = understand(turn, { place, query: new URLSearchParams(query), raw, requestId });
  const answer = fault ?? answerTo(ask, place, request);
  const call = ledger.open(describe(answer, ask));
  await deliver({ answer, directions: ask.directions, response, call, headers: usualHeaders(ask) });
}

interface Received {
  readonly place: Place;
  readonly query: URLSearchParams;
  readonly raw: Buffer;
  readonly requestId: string;
}

/** A request that cannot be understood is answered as its provider would: 400 in its own shape. */
function understand(turn: Turn, received: Received): { readonly ask: Ask; readonly fault?: Answer } {
  const { place, query, raw, requestId } = received;
  const bare: Ask = {
    provider: place.provider,
    method: turn.request.method ?? "GET",
    path: place.path,
    query,
    body: {},
    model: "",
    directions: {},
    requestId,
    id: (prefix) => `${prefix}${turn.seconds.toString(36)}${String(turn.serial).padStart(8, "0")}`,
    seconds: turn.seconds,
  };
  try {
    const body = parseBody(raw, turn.request.headers["content-encoding"] ?? "identity");
    const { name, directions } = readModel(place.model ?? textOf(body["model"]) ?? "");
    const header = turn.request.headers["x-sim"];
    const directed = { ...directions, ...readDirections(Array.isArray(header) ? header.join(",") : header) };
    return { ask: { ...bare, body, model: name, directions: directed } };
  } catch (error) {
    return { ask: bare, fault: errorAnswer(bare, 400, error instanceof Error ? error.message : String(error)) };
  }
}

function parseBody(raw: Buffer, encoding: string): Fields {
  if (raw.length === 0) return {};
  const parsed: unknown = JSON.parse(decodeWhole(raw, encoding).toString("utf8"));
  return fieldsOf(parsed);
}

function answerTo(ask: Ask, place: Place, request: IncomingMessage): Answer {
  if (ask.directions.status !== undefined && ask.directions.status !== 200) {
    return errorAnswer(ask, ask.directions.status);
  }
  if (!hasCredential(request, ask)) return errorAnswer(ask, 401);
  if (!place.endpoint) return errorAnswer(ask, 404, `Unknown request URL: ${ask.method} ${ask.path}`);
  return place.endpoint.answer(ask);
}

/** Any key will do, but none at all is an error everywhere. */
function hasCredential({ headers }: IncomingMessage, { query }: Ask): boolean {
  return ["authorization", "x-api-key", "x-goog-api-key"].some((name) => headers[name]) || query.has("key");
}

const providerHeaders: Readonly<Record<ProviderName, (ask: Ask) => Readonly<Record<string, string>>>> = {
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

function usualHeaders(ask: Ask): Readonly<Record<string, string>> {
  return providerHeaders[ask.provider](ask);
}
