export const SOAK_KEY = "sk-soak-0123456789-abcdef";

export type DimensionSet = "JSON" | "event stream" | "client leaves" | "upstream fails";

export interface PlannedRequest {
  readonly n: number;
  readonly kind: DimensionSet;
  readonly request: Buffer;
  readonly bodyBytes: number;
  readonly leaves?: "before the answer" | "within the answer";
  /** What the upstream was told to do. */
  readonly fault?: "breaks off" | "answers an error";
}

/** How a stream goes: so many pieces, so many milliseconds apart. */
export interface Pace {
  readonly pieces: number;
  readonly everyMs: number;
}

/** 59 % JSON, 35 % event streams, 5 % clients that leave, 1 % failing upstreams: the same sequence every time. */
export function mixedCall(n: number, pace: Pace): PlannedRequest {
  const turn = (n * 37) % 100; // 37 and 100 have no common factor: each hundred calls has each turn once
  if (turn < 59) return jsonCall(n);
  if (turn < 94) return streamCall(n, pace);
  if (turn < 99) return leavingCall(n, pace);
  return failingCall(n, pace);
}

function jsonCall(n: number): PlannedRequest {
  const encoding = n % 4 === 0 ? ",encoding=gzip" : "";
  return n % 3 === 0
    ? messages(n, "JSON", false, `output=120${encoding}`)
    : chat(n, "JSON", false, `output=120${encoding}`);
}

export function streamCall(n: number, { pieces, everyMs }: Pace): PlannedRequest {
  const directions = `output=120,chunks=${pieces},delay=${everyMs}`;
  return n % 3 === 0 ? messages(n, "event stream", true, directions) : chat(n, "event stream", true, directions);
}

function leavingCall(n: number, { pieces, everyMs }: Pace): PlannedRequest {
  const early = n % 2 === 0;
  // Long enough that it is never over before the client has left.
  const directions = early ? "wait=5000" : `output=120,chunks=${pieces},delay=${Math.max(everyMs, 100)}`;
  const leaves = early ? "before the answer" : "within the answer";
  return { ...chat(n, "client leaves", true, directions), leaves };
}

function failingCall(n: number, { pieces }: Pace): PlannedRequest {
  switch (n % 3) {
    case 0:
      return { ...chat(n, "upstream fails", true, `chunks=${pieces},delay=5,cut=3`), fault: "breaks off" };
    case 1:
      return { ...chat(n, "upstream fails", false, "output=120,cut=1"), fault: "breaks off" };
    default:
      return { ...chat(n, "upstream fails", false, "status=429"), fault: "answers an error" };
  }
}

const prompt = "words that ask for something ".repeat(8);

function chat(n: number, kind: DimensionSet, stream: boolean, directions: string): PlannedRequest {
  const usage = stream ? { stream_options: { include_usage: true } } : {};
  const body = { model: "gpt-5.5", stream, ...usage, messages: [{ role: "user", content: `${n} ${prompt}` }] };
  return planned(n, kind, { path: "/openai/v1/chat/completions", body, directions });
}

function messages(n: number, kind: DimensionSet, stream: boolean, directions: string): PlannedRequest {
  const message = { role: "user", content: `${n} ${prompt}` };
  const body = { model: "claude-sonnet-5", max_tokens: 1_000, stream, messages: [message] };
  return planned(n, kind, { path: "/anthropic/v1/messages", body, directions });
}

interface Asked {
  readonly path: string;
  readonly body: object;
  readonly directions: string;
}

/** The number travels in the user agent into the record, and each call has its own token numbers. */
function planned(n: number, kind: DimensionSet, { path, body, directions }: Asked): PlannedRequest {
  const text = JSON.stringify(body);
  const head = [
    `POST ${path} HTTP/1.1`,
    "Host: gate.test",
    path.startsWith("/anthropic") ? `x-api-key: ${SOAK_KEY}` : `Authorization: Bearer ${SOAK_KEY}`,
    `User-Agent: soak-${n}`,
    `x-sim: input=${1_000 + (n % 100_000)},${directions}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  return { n, kind, request: Buffer.from(`${head.join("\r\n")}\r\n\r\n${text}`), bodyBytes: Buffer.byteLength(text) };
}
