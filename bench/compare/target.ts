/** The upstreams, as the proxies' paths name them. */
export const ROUTES = ["openai", "streams", "tls", "tls-streams"] as const;
export type Route = (typeof ROUTES)[number];

export type Upstreams = Readonly<Record<Route, number>>;

/** Where and how one upstream is asked through one proxy. */
export interface Target {
  readonly port: number;
  /** Before the path that the provider knows. */
  readonly prefix: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function isTls(route: Route): boolean {
  return route.startsWith("tls");
}

export const KEY = "sk-bench-0123456789-abcdef";

/** What an SDK sends. */
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

/** The bytes of one call. */
export function requestBytes(target: Target, body: string, path = CHAT_PATH): Buffer {
  const headers = { Host: `127.0.0.1:${target.port}`, ...SDK_HEADERS, ...target.headers };
  const lines = Object.entries({ ...headers, "Content-Length": String(Buffer.byteLength(body)) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.from(`POST ${target.prefix}${path} HTTP/1.1\r\n${head}\r\n${body}`);
}

/** A body that says to the upstream what is wanted. */
export function wishBody(wish: string, stream = true): string {
  const messages = [{ role: "user", content: "hello ".repeat(20) }];
  return JSON.stringify({ user: `bench ${wish}`, model: "gpt-bench", messages, stream });
}
