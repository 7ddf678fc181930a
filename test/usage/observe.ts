import type { UsageReading } from "../../src/core/usage/usage.ts";
import { RequestObserver, type ObservedRequest, type ObservedResponse } from "../../src/usage/observe/observer.ts";

/** An ordinary request; tests override only what matters to them. */
export const CHAT: ObservedRequest = {
  method: "POST",
  path: "/v1/chat/completions",
  query: "",
  exclusiveReasoning: false,
  upgrade: false,
  contentType: "application/json",
  contentEncoding: undefined,
  estimate: true,
};

export const MESSAGES: ObservedRequest = { ...CHAT, path: "/v1/messages" };

export const JSON_RESPONSE: ObservedResponse = {
  status: 200,
  contentType: "application/json",
  contentEncoding: undefined,
  hasBody: true,
  header: () => undefined,
};

export const EVENTS: ObservedResponse = { ...JSON_RESPONSE, contentType: "text/event-stream" };

export interface Exchange {
  readonly request?: Partial<ObservedRequest>;
  readonly requestBody?: string | Buffer | undefined;
  readonly response?: Partial<ObservedResponse>;
  readonly body?: string | Buffer | Iterable<Buffer>;
  readonly ending?: "complete" | "aborted" | "cut";
}

/** The reading of one exchange. */
export function read(exchange: Exchange): UsageReading {
  const observer = new RequestObserver({ ...CHAT, ...exchange.request }, () => 1);
  if (exchange.requestBody !== undefined) observer.requestBytes(Buffer.from(exchange.requestBody));
  if (exchange.response !== undefined || exchange.body !== undefined) {
    observer.responseHead({ ...JSON_RESPONSE, ...exchange.response });
  }
  for (const piece of pieces(exchange.body)) observer.responseBytes(piece);
  return finished(observer, exchange.ending);
}

const OUTCOMES = {
  complete: { kind: "complete" },
  aborted: { kind: "client-aborted" },
  cut: { kind: "upstream", fault: "upstream_reset" },
} as const;

export function finished(observer: RequestObserver, ending: "complete" | "aborted" | "cut" = "complete"): UsageReading {
  return observer.finish(OUTCOMES[ending]);
}

function pieces(body: Exchange["body"]): Iterable<Buffer> {
  if (body === undefined) return [];
  return typeof body === "string" || Buffer.isBuffer(body) ? [Buffer.from(body)] : body;
}
