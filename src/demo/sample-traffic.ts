/** Sends the first traffic of the demo: a fixed set of requests in a few seconds. */
import { setTimeout as delay } from "node:timers/promises";

export interface DemoKey {
  readonly id: string;
  readonly key: string;
  readonly owner: string;
}

const alice: DemoKey = { id: "alice-laptop", key: "sk-demo-alice-4f1c09aa27", owner: "alice" };
const bob: DemoKey = { id: "bob-laptop", key: "sk-demo-bob-93d2e6b810", owner: "bob" };
const search: DemoKey = { id: "search-prod", key: "sk-demo-search-7ab40c55e1", owner: "search" };
const nightly: DemoKey = { id: "nightly-ci", key: "sk-demo-nightly-2c88f0d934", owner: "platform" };

export const demoKeys: readonly DemoKey[] = [alice, bob, search, nightly];

const unknownKey: DemoKey = { id: "", key: "sk-demo-stranger-000000000", owner: "" };

const CONCURRENCY = 6;

interface Scenario {
  readonly key: DemoKey;
  readonly times: number;
  readonly request: (key: DemoKey) => PlannedRequest;
  /** Directives to the simulated provider. */
  readonly sim?: string;
  /** The client disconnects after the first chunk of the response. */
  readonly disconnects?: boolean;
}

interface PlannedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

const prompt = "Which of our services calls which model, how often, and what did it cost this month?";
const messages = [{ role: "user", content: prompt }];
const pace = "delay=15,chunks=20";

function chat(model: string, stream = false) {
  return ({ key }: DemoKey): PlannedRequest => ({
    path: "/openai/v1/chat/completions",
    headers: { authorization: `Bearer ${key}` },
    body: { model, messages, ...(stream && { stream, stream_options: { include_usage: true } }) },
  });
}

function responses(model: string) {
  return ({ key }: DemoKey): PlannedRequest => ({
    path: "/openai/v1/responses",
    headers: { authorization: `Bearer ${key}` },
    body: { model, input: prompt, stream: true },
  });
}

function embeddings({ key }: DemoKey): PlannedRequest {
  return {
    path: "/openai/v1/embeddings",
    headers: { authorization: `Bearer ${key}` },
    body: { model: "text-embedding-3-small", input: [prompt, prompt], encoding_format: "base64" },
  };
}

function message(model: string, stream = false) {
  return ({ key }: DemoKey): PlannedRequest => ({
    path: "/anthropic/v1/messages",
    headers: { "x-api-key": key, "anthropic-version": "2023-06-01" },
    body: { model, max_tokens: 4000, messages, stream },
  });
}

function content(model: string, verb: "generateContent" | "streamGenerateContent", query = "") {
  return ({ key }: DemoKey): PlannedRequest => ({
    path: `/google/v1/publishers/google/models/${model}:${verb}${query}`,
    headers: { "x-goog-api-key": key },
    body: { contents: [{ role: "user", parts: [{ text: prompt }] }] },
  });
}

const scenarios: readonly Scenario[] = [
  { key: alice, times: 6, request: message("claude-sonnet-5", true), sim: `${pace},cached=12000,written=900` },
  { key: alice, times: 3, request: message("claude-opus-5"), sim: "wait=120,reasoning=20" },
  { key: alice, times: 1, request: message("claude-sonnet-5", true), sim: "delay=20,chunks=400", disconnects: true },
  { key: bob, times: 5, request: chat("gpt-5.5", true), sim: pace },
  { key: bob, times: 4, request: responses("gpt-5.5"), sim: `${pace},cached=16` },
  { key: bob, times: 3, request: content("gemini-3.8-pro", "streamGenerateContent"), sim: pace },
  { key: search, times: 12, request: embeddings, sim: "wait=20" },
  { key: search, times: 8, request: content("gemini-3.8-flash", "generateContent"), sim: "wait=60,encoding=gzip" },
  { key: search, times: 4, request: content("gemini-3.8-flash", "streamGenerateContent", "?alt=sse"), sim: pace },
  { key: nightly, times: 8, request: chat("gpt-5.5-mini"), sim: "wait=80,encoding=br" },
  { key: nightly, times: 4, request: message("claude-haiku-5"), sim: "wait=60" },
  { key: nightly, times: 1, request: chat("gpt-5.5-mini"), sim: "status=429" },
];

export interface SentTraffic {
  /** How many requests reached a provider. */
  readonly forwarded: number;
  readonly rejection: { readonly status: number; readonly body: string };
}

export interface TrafficOptions {
  readonly gatewayUrl: string;
  readonly onProgress: (done: number, total: number) => void;
  readonly signal: AbortSignal;
}

/** Sends all scenarios, six requests at a time, and one more request with a key that is not on the allow-list. */
export async function sendSampleTraffic({ gatewayUrl, onProgress, signal }: TrafficOptions): Promise<SentTraffic> {
  const waiting = shuffled(scenarios.flatMap((scenario) => Array.from({ length: scenario.times }, () => scenario)));
  const total = waiting.length;
  let done = 0;
  const sendNext = async (): Promise<void> => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      await runScenario(gatewayUrl, next, signal);
      done += 1;
      onProgress(done, total);
    }
  };
  onProgress(0, total);
  await Promise.all(Array.from({ length: CONCURRENCY }, sendNext));
  const rejected = await post(gatewayUrl, chat("gpt-5.5")(unknownKey), { signal });
  return { forwarded: total, rejection: { status: rejected.status, body: await rejected.text() } };
}

/** Mixes the requests of the owners, in the same order on each run. */
function shuffled<Item>(items: readonly Item[]): Item[] {
  const order = (index: number): number => (index * 29) % 61;
  return items
    .map((item, index) => ({ item, position: order(index) }))
    .toSorted((a, b) => a.position - b.position)
    .map(({ item }) => item);
}

async function runScenario(gatewayUrl: string, scenario: Scenario, signal: AbortSignal): Promise<void> {
  const disconnect = new AbortController();
  const response = await post(gatewayUrl, scenario.request(scenario.key), {
    sim: scenario.sim,
    signal: AbortSignal.any([signal, disconnect.signal]),
  });
  if (!scenario.disconnects) {
    await response.arrayBuffer();
    return;
  }
  await response.body?.getReader().read();
  await delay(100, undefined, { signal }); // Lets the gateway relay a few more chunks first.
  disconnect.abort();
}

interface PostOptions {
  readonly sim?: string | undefined;
  readonly signal: AbortSignal;
}

function post(
  gatewayUrl: string,
  { path, headers, body }: PlannedRequest,
  { sim, signal }: PostOptions,
): Promise<Response> {
  return fetch(gatewayUrl + path, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", ...(sim !== undefined && { "x-sim": sim }) },
    body: JSON.stringify(body),
    signal,
  });
}
