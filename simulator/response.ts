import type { RequestStart, Counters, ProviderName } from "./request-log.ts";
import type { Directions } from "./directions.ts";
import type { Fields } from "./json-fields.ts";

/** A request as the simulated provider parsed it. */
export interface SimulatedRequest {
  readonly provider: ProviderName;
  readonly method: string;
  /** Without the provider's prefix and the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Fields;
  /** As sent, without directions; empty if the endpoint has none. */
  readonly model: string;
  readonly directions: Directions;
  readonly requestId: string;
  /** Creates an id for the response: `id("chatcmpl-")`. */
  readonly id: (prefix: string) => string;
  readonly seconds: number;
}

export interface Frame {
  readonly text: string;
  /** True for a content delta, to which the directions delay, cut and fail apply. */
  readonly content?: boolean;
  /** The counters in this frame. */
  readonly counters?: Partial<Counters>;
}

export interface SimulatedResponse {
  readonly operation: string;
  readonly id: string;
  readonly model: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: boolean;
  /** A single frame, unless the response is a stream. */
  readonly frames: Iterable<Frame>;
  /** The error that the provider sends inside a stream, after the given number of content deltas. */
  readonly errorFrame: (after: number) => string;
}

/** A plain JSON response. */
export interface Document {
  readonly operation: string;
  readonly id: string;
  readonly model: string;
  readonly body: unknown;
  readonly counters: Partial<Counters>;
}

export function jsonResponse({ operation, id, model, body, counters }: Document): SimulatedResponse {
  const frames = [{ text: JSON.stringify(body), counters }];
  return {
    operation,
    id,
    model,
    status: 200,
    headers: { "content-type": "application/json" },
    stream: false,
    frames,
    errorFrame: () => "",
  };
}

export function describe(response: SimulatedResponse, request: SimulatedRequest): RequestStart {
  const { operation, id, model, stream, status } = response;
  return {
    id,
    requestId: request.requestId,
    provider: request.provider,
    operation,
    model,
    path: request.path,
    stream,
    status,
  };
}
