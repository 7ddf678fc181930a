// Made-up traffic with a believable shape: office hours, weekends, a price spike and an outage.

export interface Fact {
  readonly at: number;
  readonly keys: Readonly<Record<string, string | null>>;
  readonly requests: number;
  readonly errors: number;
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly cost: number | null;
  readonly ttft: number;
  readonly duration: number;
}

const HOUR = 3_600_000;

const owners = [
  { owner: "platform-team", keys: ["ci-agents", "backend-prod"], weight: 9, app: "claude-code" },
  { owner: "anna.lindqvist", keys: ["anna"], weight: 5, app: "claude-code" },
  { owner: "data-science", keys: ["notebooks", "batch-eval"], weight: 6, app: "openai-python" },
  { owner: "support-bot", keys: ["support-prod"], weight: 7, app: "openai-node" },
  { owner: "ben.okafor", keys: ["ben"], weight: 3, app: "codex" },
  { owner: "marketing", keys: ["campaigns"], weight: 1.4, app: "google-genai" },
] as const;

const models = [
  {
    provider: "anthropic",
    model: "claude-sonnet-4-6",
    weight: 8,
    price: [3, 15],
    cache: 0.62,
    ttft: 720,
    endpoint: "/v1/messages",
  },
  {
    provider: "anthropic",
    model: "claude-opus-4-7",
    weight: 2.2,
    price: [15, 75],
    cache: 0.55,
    ttft: 1450,
    endpoint: "/v1/messages",
  },
  {
    provider: "openai",
    model: "gpt-5.5",
    weight: 6,
    price: [2.5, 10],
    cache: 0.34,
    ttft: 560,
    endpoint: "/v1/responses",
  },
  {
    provider: "openai",
    model: "gpt-5.5-mini",
    weight: 9,
    price: [0.3, 1.2],
    cache: 0.2,
    ttft: 310,
    endpoint: "/v1/chat/completions",
  },
  {
    provider: "google",
    model: "gemini-3-pro",
    weight: 3,
    price: [1.25, 10],
    cache: 0.18,
    ttft: 640,
    endpoint: "/v1beta/models",
  },
  {
    provider: "google",
    model: "gemini-3-flash",
    weight: 5,
    price: [0.15, 0.6],
    cache: 0.1,
    ttft: 280,
    endpoint: "/v1beta/models",
  },
  {
    provider: "openai",
    model: "text-embedding-4",
    weight: 2,
    price: [0.02, 0],
    cache: 0,
    ttft: 90,
    endpoint: "/v1/embeddings",
  },
  {
    provider: "openai",
    model: "o5-preview-1120",
    weight: 0.3,
    price: null,
    cache: 0.1,
    ttft: 2100,
    endpoint: "/v1/responses",
  },
] as const;

/** A number from 0 to 1 that depends on nothing but the text. */
export function chance(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value ^= value >>> 15;
  return ((Math.imul(value, 0x2c1b3c6d) >>> 0) % 10_000) / 10_000;
}

function busyness(at: number): number {
  const date = new Date(at);
  const hour = date.getUTCHours() + date.getUTCMinutes() / 60;
  const isWeekend = [0, 6].includes(date.getUTCDay());
  const day = Math.exp(-(((hour - 10.5) / 3) ** 2)) + 0.85 * Math.exp(-(((hour - 15) / 2.4) ** 2)) + 0.12;
  return day * (isWeekend ? 0.25 : 1);
}

/** One fact for each owner's key and model in each step. */
export function facts(from: number, to: number, step: number): Fact[] {
  const made: Fact[] = [];
  for (let at = Math.floor(from / step) * step; at < to; at += step) {
    for (const { owner, keys, weight, app } of owners) {
      for (const one of models) {
        const noise = chance(`${at} ${owner} ${one.model}`);
        const liking = chance(`${owner} ${one.model}`);
        const whole = Math.min(1, (to - at) / step);
        const rate = weight * one.weight * liking * liking * busyness(at) * (0.6 + 0.8 * noise) * (step / HOUR) * whole;
        const requests = Math.floor(rate) + (noise < rate % 1 ? 1 : 0);
        if (requests === 0) continue;
        made.push(
          factOf({ at, requests, noise, one, key: keys[Math.floor(noise * 7) % keys.length] ?? owner, owner, app }),
        );
      }
    }
  }
  return made;
}

interface Seed {
  readonly at: number;
  readonly requests: number;
  readonly noise: number;
  readonly one: (typeof models)[number];
  readonly key: string;
  readonly owner: string;
  readonly app: string;
}

function factOf({ at, requests, noise, one, key, owner, app }: Seed): Fact {
  const isOutage = one.provider === "openai" && Math.floor(at / HOUR) % 61 === 7;
  const isFailed = isOutage ? noise < 0.8 : noise < 0.03;
  const errors = isFailed ? Math.ceil(requests * (isOutage ? 0.7 : 0.3)) : 0;
  const input = Math.round(requests * (6000 + 30_000 * noise) * (one.cache > 0.5 ? 1.6 : 0.5));
  const output = Math.round(requests * (200 + 1400 * chance(`${at}${key}`)) * (one.price?.[1] === 0 ? 0 : 1));
  const cached = Math.round(input * one.cache * (0.8 + 0.3 * noise));
  const [inPrice, outPrice] = one.price ?? [0, 0];
  const cost = one.price === null ? null : ((input - cached * 0.9) * inPrice + output * outPrice) / 1e6;
  const error = errors > 0 ? (isOutage ? "server_error" : noise < 0.02 ? "rate_limit_error" : "client_aborted") : null;
  return {
    at,
    keys: {
      owner,
      key,
      provider: one.provider,
      model: one.model,
      endpoint: one.endpoint,
      operation: one.endpoint.includes("embed") ? "embeddings" : "chat",
      status: error === "server_error" ? "503" : error === "rate_limit_error" ? "429" : "200",
      error_type: error,
      client_app: app,
      day: new Date(at).toISOString().slice(0, 10),
      hour: String(new Date(at).getUTCHours()),
      weekday: String(((new Date(at).getUTCDay() + 6) % 7) + 1),
    },
    requests,
    errors,
    input,
    output,
    cached,
    cost,
    ttft: one.ttft * (0.7 + noise),
    duration: one.ttft * (2 + 5 * noise),
  };
}
