/** The WebSockets of the simulated providers: who answers on which path, and to which messages. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import { describe, type Answer, type Ask, type Frame } from "./response.ts";
import type { CallLedger, ProviderName } from "./request-log.ts";
import { readDirections, readModel } from "./directions.ts";
import { answerLiveTurn } from "./google-live.ts";
import { fieldsOf, textOf, type Fields } from "./json-fields.ts";
import { answerRealtime, greetRealtime } from "./openai-realtime.ts";
import { answerResponse } from "./openai-responses.ts";
import { WebSocketPeer } from "./web-socket.ts";

interface SocketEndpoint {
  readonly provider: ProviderName;
  readonly path: RegExp;
  /** Google sends its JSON in binary frames. */
  readonly binary?: true;
  readonly greet?: (ask: Ask) => readonly object[];
  /** What a message gets back at once. */
  readonly reply?: (message: Fields) => readonly object[];
  /** The answer that a message asks for; what the server is not asked to answer it only listens to. */
  readonly answer?: (ask: Ask) => Answer | undefined;
  readonly modelOf: (message: Fields) => string | undefined;
  /** The message that a frame of the answer is. */
  readonly text?: (frame: Frame, message: Fields) => string;
}

const endpoints: readonly SocketEndpoint[] = [
  {
    provider: "openai",
    path: /\/responses$/,
    modelOf: (message) => textOf(message["model"]),
    answer: (ask) =>
      ask.body["type"] === "response.create"
        ? answerResponse({ ...ask, body: { ...ask.body, stream: true } })
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
    greet: greetRealtime,
    answer: (ask) => (ask.body["type"] === "response.create" ? answerRealtime(ask) : undefined),
  },
  { provider: "openai", path: /\/live\/sessions$/, modelOf: () => undefined, reply: replyLive },
  {
    provider: "google",
    path: /\/ws\/google\.[^/]+(?:\/|\.)BidiGenerateContent$/,
    binary: true,
    modelOf: (message) => textOf(fieldsOf(message["setup"])["model"])?.replace(/^.*models\//, ""),
    reply: (message) => (message["setup"] === undefined ? [] : [{ setupComplete: {} }]),
    answer: (ask) => (ask.body["clientContent"] === undefined ? undefined : answerLiveTurn(ask)),
  },
];

/** A Live session is billed by its length, of which this one has told three times in the end. */
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
  readonly ledger: CallLedger;
  readonly nextSerial: () => number;
  readonly seconds: () => number;
}

/** Answers an upgrade; `false` where no provider has a socket on that path. */
export function openSocket(request: IncomingMessage, socket: Duplex, head: Buffer, context: SocketContext): boolean {
  const [target = "/", query = ""] = (request.url ?? "/").split("?", 2);
  const path = target.replace(/^\/(?:openai|anthropic|google)(?=\/)/, "");
  const endpoint = endpoints.find((candidate) => candidate.path.test(path));
  if (endpoint === undefined) return false;
  const conversation = new Conversation(endpoint, context, { path, query, header: request.headers["x-sim"] });
  conversation.begin(new WebSocketPeer(request, socket, head));
  return true;
}

interface Opening {
  readonly path: string;
  readonly query: string;
  readonly header: string | readonly string[] | undefined;
}

class Conversation {
  readonly #endpoint: SocketEndpoint;
  readonly #context: SocketContext;
  readonly #opening: Opening;
  readonly #gone = new AbortController();
  #model: string;

  constructor(endpoint: SocketEndpoint, context: SocketContext, opening: Opening) {
    this.#endpoint = endpoint;
    this.#context = context;
    this.#opening = opening;
    this.#model = new URLSearchParams(opening.query).get("model") ?? "";
  }

  begin(peer: WebSocketPeer): void {
    const { greet, binary } = this.#endpoint;
    peer.onClose = () => this.#gone.abort();
    peer.onMessage = (text) => {
      const message = fieldsOf(JSON.parse(text));
      this.#hear(peer, message).catch((error: unknown) => {
        if (!this.#gone.signal.aborted) throw error;
      });
    };
    for (const message of greet?.(this.#ask({})) ?? []) peer.send(JSON.stringify(message), binary);
  }

  async #hear(peer: WebSocketPeer, message: Fields): Promise<void> {
    const { modelOf, reply, answer, binary } = this.#endpoint;
    this.#model = modelOf(message) ?? this.#model;
    for (const said of reply?.(message) ?? []) peer.send(JSON.stringify(said), binary);
    const ask = this.#ask(message);
    const answered = answer?.(ask);
    if (answered !== undefined) await this.#say(peer, answered, ask);
  }

  async #say(peer: WebSocketPeer, answer: Answer, ask: Ask): Promise<void> {
    const { text = (frame: Frame) => frame.text, binary } = this.#endpoint;
    const call = this.#context.ledger.open(describe(answer, ask));
    this.#gone.signal.addEventListener("abort", () => call.end("aborted"));
    let content = 0;
    for (const frame of answer.frames) {
      if (frame.content) {
        if (content++ === ask.directions.cut) {
          call.end("cut");
          return peer.destroy();
        }
        if (ask.directions.delay) await delay(ask.directions.delay, undefined, { signal: this.#gone.signal });
      }
      peer.send(text(frame, ask.body), binary);
      if (frame.tells) call.tell(frame.tells);
    }
    call.end("complete");
  }

  #ask(body: Fields): Ask {
    const { path, query, header } = this.#opening;
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
