import type { Beginning, Counters, ProviderName } from "./request-log.ts";
import type { Directions } from "./directions.ts";
import type { Fields } from "./json-fields.ts";

/** A request as the simulated provider understood it. */
export interface Ask {
  readonly provider: ProviderName;
  readonly method: string;
  /** Without the provider's prefix and the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Fields;
  /** As the client wrote it, directions removed; empty where the endpoint has none. */
  readonly model: string;
  readonly directions: Directions;
  readonly requestId: string;
  /** Makes the ids in the answer: `id("chatcmpl-")`. */
  readonly id: (prefix: string) => string;
  readonly seconds: number;
}

export interface Frame {
  readonly text: string;
  /** A delta with content: the places where directions delay, cut and fail. */
  readonly content?: boolean;
  /** The counters that this frame puts on the wire. */
  readonly tells?: Partial<Counters>;
}

export interface Answer {
  readonly operation: string;
  readonly id: string;
  readonly model: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: boolean;
  /** One frame, unless it is a stream. */
  readonly frames: Iterable<Frame>;
  /** What a provider writes when it breaks down inside a stream, after so many content deltas. */
  readonly errorFrame: (after: number) => string;
}

/** What an endpoint says of a plain JSON answer. */
export interface Document {
  readonly operation: string;
  readonly id: string;
  readonly model: string;
  readonly body: unknown;
  readonly tells: Partial<Counters>;
}

export function plainAnswer({ operation, id, model, body, tells }: Document): Answer {
  const frames = [{ text: JSON.stringify(body), tells }];
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

export function describe(answer: Answer, ask: Ask): Beginning {
  const { operation, id, model, stream, status } = answer;
  return { id, requestId: ask.requestId, provider: ask.provider, operation, model, path: ask.path, stream, status };
}
