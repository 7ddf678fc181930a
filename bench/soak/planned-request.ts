export const SOAK_KEY = "sk-soak-0123456789-abcdef";

export type RequestKind = "JSON" | "event stream" | "client aborts" | "upstream fails";

export interface PlannedRequest {
  readonly n: number;
  readonly kind: RequestKind;
  readonly request: Buffer;
  readonly bodyBytes: number;
  readonly aborts?: "before the response" | "during the response";
  /** How the upstream fails. */
  readonly failure?: "cut" | "error response";
}

/** Number of chunks of a stream, and the time between them. */
export interface Pace {
  readonly chunks: number;
  readonly everyMs: number;
}

/** 59 % JSON, 35 % event streams, 5 % aborting clients, 1 % failing upstreams; the same sequence every time. */
export function mixedRequest(n: number, pace: Pace): PlannedRequest {
  const turn = (n * 37) % 100; // 37 and 100 have no common factor: each value occurs once per hundred requests
  if (turn < 59) return jsonRequest(n);
  if (turn < 94) return streamRequest(n, pace);
  if (turn < 99) return abortingRequest(n, pace);
  return failingRequest(n, pace);
}

function jsonRequest(n: number): PlannedRequest {
  const encoding = n % 4 === 0 ? ",encoding=gzip" : "";
  return n % 3 === 0
    ? messages(n, "JSON", false, `output=120${encoding}`)
    : chat(n, "JSON", false, `output=120${encoding}`);
}

export function streamRequest(n: number, { chunks, everyMs }: Pace): PlannedRequest {
  const directives = `output=120,chunks=${chunks},delay=${everyMs}`;
  return n % 3 === 0 ? messages(n, "event stream", true, directives) : chat(n, "event stream", true, directives);
}

function abortingRequest(n: number, { chunks, everyMs }: Pace): PlannedRequest {
  const early = n % 2 === 0;
  // Long enough that the response never ends before the client aborts.
  const directives = early ? "wait=5000" : `output=120,chunks=${chunks},delay=${Math.max(everyMs, 100)}`;
  const aborts = early ? "before the response" : "during the response";
  return { ...chat(n, "client aborts", true, directives), aborts };
}

function failingRequest(n: number, { chunks }: Pace): PlannedRequest {
  switch (n % 3) {
    case 0:
      return { ...chat(n, "upstream fails", true, `chunks=${chunks},delay=5,cut=3`), failure: "cut" };
    case 1:
      return { ...chat(n, "upstream fails", false, "output=120,cut=1"), failure: "cut" };
    default:
      return { ...chat(n, "upstream fails", false, "status=429"), failure: "error response" };
  }
}

const prompt = "words that ask for something ".repeat(8);

function chat(n: number, kind: RequestKind, stream: boolean, directives: string): PlannedRequest {
  const usage = stream ? { stream_options: { include_usage: true } } : {};
  const body = { model: "gpt-5.5", stream, ...usage, messages: [{ role: "user", content: `${n} ${prompt}` }] };
  return planned(n, kind, { path: "/openai/v1/chat/completions", body, directives });
}

function messages(n: number, kind: RequestKind, stream: boolean, directives: string): PlannedRequest {
  const message = { role: "user", content: `${n} ${prompt}` };
  const body = { model: "claude-sonnet-5", max_tokens: 1_000, stream, messages: [message] };
  return planned(n, kind, { path: "/anthropic/v1/messages", body, directives });
}

interface RequestParts {
  readonly path: string;
  readonly body: object;
  readonly directives: string;
}

/** The user agent carries the number into the record; each request has its own token counts. */
function planned(n: number, kind: RequestKind, { path, body, directives }: RequestParts): PlannedRequest {
  const text = JSON.stringify(body);
  const head = [
    `POST ${path} HTTP/1.1`,
    "Host: lmgate.test",
    path.startsWith("/anthropic") ? `x-api-key: ${SOAK_KEY}` : `Authorization: Bearer ${SOAK_KEY}`,
    `User-Agent: soak-${n}`,
    `x-sim: input=${1_000 + (n % 100_000)},${directives}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  return { n, kind, request: Buffer.from(`${head.join("\r\n")}\r\n\r\n${text}`), bodyBytes: Buffer.byteLength(text) };
}
