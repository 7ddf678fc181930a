/** The upstreams by the path prefix that selects them. */
export const ROUTES = ["openai", "streams", "tls", "tls-streams"] as const;
export type Route = (typeof ROUTES)[number];

export type Upstreams = Readonly<Record<Route, number>>;

/** How to send requests to one upstream through one proxy. */
export interface Target {
  readonly port: number;
  /** Path prefix before the provider's own path. */
  readonly prefix: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function isTls(route: Route): boolean {
  return route.startsWith("tls");
}

export const KEY = "sk-bench-0123456789-abcdef";

/** Header fields that an SDK sends. */
export const SDK_HEADERS: Readonly<Record<string, string>> = {
  Authorization: `Bearer ${KEY}`,
  "Content-Type": "application/json",
  Accept: "application/json",
  "User-Agent": "OpenAI/JS 7.57.0",
  "X-Stainless-Lang": "js",
  "X-Stainless-Package-Version": "7.57.0",
  "X-Stainless-Runtime": "node",
  "X-Stainless-Retry-Count": "0",
};

export const CHAT_PATH = "/v1/chat/completions";

/** The bytes of one request. */
export function requestBytes(target: Target, body: string, path = CHAT_PATH): Buffer {
  const headers = { Host: `127.0.0.1:${target.port}`, ...SDK_HEADERS, ...target.headers };
  const lines = Object.entries({ ...headers, "Content-Length": String(Buffer.byteLength(body)) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.from(`POST ${target.prefix}${path} HTTP/1.1\r\n${head}\r\n${body}`);
}

/** A request body that tells the upstream which response to send. */
export function directiveBody(directive: string, stream = true): string {
  const messages = [{ role: "user", content: "hello ".repeat(20) }];
  return JSON.stringify({ user: `bench ${directive}`, model: "gpt-bench", messages, stream });
}
