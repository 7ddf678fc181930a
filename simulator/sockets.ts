/** The WebSockets of the simulated providers: their paths, and the messages they respond to. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import { describe, type SimulatedResponse, type SimulatedRequest, type Frame } from "./response.ts";
import type { RequestLog, ProviderName } from "./request-log.ts";
import { readDirections, readModel } from "./directions.ts";
import { liveTurnResponse } from "./google-live.ts";
import { fieldsOf, textOf, type Fields } from "./json-fields.ts";
import { realtimeResponse, realtimeGreeting } from "./openai-realtime.ts";
import { responsesResponse } from "./openai-responses.ts";
import { WebSocketPeer } from "./web-socket.ts";

interface SocketEndpoint {
  readonly provider: ProviderName;
  readonly path: RegExp;
  /** Google sends its JSON in binary frames. */
  readonly binary?: true;
  readonly greeting?: (simulated: SimulatedRequest) => readonly object[];
  /** The immediate replies to a message. */
  readonly reply?: (message: Fields) => readonly object[];
  /** The response to a message; `undefined` if the message requests none. */
  readonly respond?: (simulated: SimulatedRequest) => SimulatedResponse | undefined;
  readonly modelOf: (message: Fields) => string | undefined;
  /** Converts a frame of the response to a message. */
  readonly text?: (frame: Frame, message: Fields) => string;
}

const endpoints: readonly SocketEndpoint[] = [
  {
    provider: "openai",
    path: /\/responses$/,
    modelOf: (message) => textOf(message["model"]),
    respond: (simulated) =>
      simulated.body["type"] === "response.create"
        ? responsesResponse({ ...simulated, body: { ...simulated.body, stream: true } })
        : undefined,
    text: ({ text }, { stream_id }) => {
      const event = fieldsOf(JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "{}"));
      return JSON.stringify(stream_id === undefined ? event : { ...event, stream_id });
    },
  },
  {
    provider: "openai",
    path: /\/realtime$/,
    modelOf: () => undefined,
    greeting: realtimeGreeting,
    respond: (simulated) => (simulated.body["type"] === "response.create" ? realtimeResponse(simulated) : undefined),
  },
  { provider: "openai", path: /\/live\/sessions$/, modelOf: () => undefined, reply: replyLive },
  {
    provider: "google",
    path: /\/ws\/google\.[^/]+(?:\/|\.)BidiGenerateContent$/,
    binary: true,
    modelOf: (message) => textOf(fieldsOf(message["setup"])["model"])?.replace(/^.*models\//, ""),
    reply: (message) => (message["setup"] === undefined ? [] : [{ setupComplete: {} }]),
    respond: (simulated) => (simulated.body["clientContent"] === undefined ? undefined : liveTurnResponse(simulated)),
  },
];

/** A Live session is billed by its length, which this one reports three times. */
function replyLive(message: Fields): readonly object[] {
  const session = {
    id: "live_sim",
    model: textOf(fieldsOf(message["session"])["model"]) ?? "gpt-live-1",
    status: "active",
  };
  if (message["type"] === "session.start") return [{ type: "session.started", event_id: "event_1", session }];
  if (message["type"] !== "session.close") return [];
  const usage = (seconds: number): object => ({ usage: { seconds } });
  return [
    { type: "session.usage.updated", event_id: "event_2", ...usage(5) },
    { type: "session.usage.updated", event_id: "event_3", ...usage(7.5) },
    { type: "session.closed", event_id: "event_4", reason: "close_requested", session, ...usage(9.25) },
  ];
}

export interface SocketContext {
  readonly log: RequestLog;
  readonly nextSerial: () => number;
  readonly seconds: () => number;
}

/** Accepts an upgrade; returns `false` if no provider has a WebSocket on that path. */
export function openSocket(request: IncomingMessage, socket: Duplex, head: Buffer, context: SocketContext): boolean {
  const [target = "/", query = ""] = (request.url ?? "/").split("?", 2);
  const path = target.replace(/^\/(?:openai|anthropic|google)(?=\/)/, "");
  const endpoint = endpoints.find((candidate) => candidate.path.test(path));
  if (endpoint === undefined) return false;
  const session = new SocketSession(endpoint, context, { path, query, header: request.headers["x-sim"] });
  session.start(new WebSocketPeer(request, socket, head));
  return true;
}

interface UpgradeRequest {
  readonly path: string;
  readonly query: string;
  readonly header: string | readonly string[] | undefined;
}

class SocketSession {
  readonly #endpoint: SocketEndpoint;
  readonly #context: SocketContext;
  readonly #upgrade: UpgradeRequest;
  readonly #closed = new AbortController();
  #model: string;

  constructor(endpoint: SocketEndpoint, context: SocketContext, upgrade: UpgradeRequest) {
    this.#endpoint = endpoint;
    this.#context = context;
    this.#upgrade = upgrade;
    this.#model = new URLSearchParams(upgrade.query).get("model") ?? "";
  }

  start(peer: WebSocketPeer): void {
    const { greeting, binary } = this.#endpoint;
    peer.onClose = () => this.#closed.abort();
    peer.onMessage = (text) => {
      const message = fieldsOf(JSON.parse(text));
      this.#receive(peer, message).catch((error: unknown) => {
        if (!this.#closed.signal.aborted) throw error;
      });
    };
    for (const message of greeting?.(this.#toRequest({})) ?? []) peer.send(JSON.stringify(message), binary);
  }

  async #receive(peer: WebSocketPeer, message: Fields): Promise<void> {
    const { modelOf, reply, respond, binary } = this.#endpoint;
    this.#model = modelOf(message) ?? this.#model;
    for (const replyMessage of reply?.(message) ?? []) peer.send(JSON.stringify(replyMessage), binary);
    const simulated = this.#toRequest(message);
    const response = respond?.(simulated);
    if (response !== undefined) await this.#sendResponse(peer, response, simulated);
  }

  async #sendResponse(peer: WebSocketPeer, respond: SimulatedResponse, simulated: SimulatedRequest): Promise<void> {
    const { text = (frame: Frame) => frame.text, binary } = this.#endpoint;
    const entry = this.#context.log.open(describe(respond, simulated));
    this.#closed.signal.addEventListener("abort", () => entry.end("aborted"));
    let content = 0;
    for (const frame of respond.frames) {
      if (frame.content) {
        if (content++ === simulated.directions.cut) {
          entry.end("cut");
          return peer.destroy();
        }
        if (simulated.directions.delay)
          await delay(simulated.directions.delay, undefined, { signal: this.#closed.signal });
      }
      peer.send(text(frame, simulated.body), binary);
      if (frame.counters) entry.count(frame.counters);
    }
    entry.end("complete");
  }

  #toRequest(body: Fields): SimulatedRequest {
    const { path, query, header } = this.#upgrade;
    const { name, directions } = readModel(this.#model);
    const serial = this.#context.nextSerial();
    const seconds = this.#context.seconds();
    return {
      provider: this.#endpoint.provider,
      method: "GET",
      path,
      query: new URLSearchParams(query),
      body,
      model: name,
      directions: { ...directions, ...readDirections(typeof header === "string" ? header : header?.join(",")) },
      requestId: `req_sim${String(serial).padStart(10, "0")}`,
      id: (prefix) => `${prefix}${seconds.toString(36)}${String(serial).padStart(8, "0")}`,
      seconds,
    };
  }
}
