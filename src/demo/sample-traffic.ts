/** The traffic of the demo: what a small company sends in a minute, in a few seconds. */
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

const stranger: DemoKey = { id: "", key: "sk-demo-stranger-000000000", owner: "" };

interface Scenario {
  readonly key: DemoKey;
  readonly times: number;
  readonly call: (key: DemoKey) => PlannedRequest;
  /** Directions to the simulated provider. */
  readonly sim?: string;
  /** The client leaves after the first piece of the answer. */
  readonly leaves?: boolean;
}

interface PlannedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

const question = "Which of our services calls which model, how often, and what did it cost this month?";
const messages = [{ role: "user", content: question }];
const pace = "delay=15,chunks=20";

function chat(model: string, stream = false) {
  return ({ key }: DemoKey): PlannedRequest => ({
    path: "/openai/v1/chat/completions",
    headers: { authorization: `Bearer ${key}` },
    body: { model, messages, ...(stream && { stream, stream_options: { include_usage: true } }) },
  });
}

function response(model: string) {
  return ({ key }: DemoKey): PlannedRequest => ({
    path: "/openai/v1/responses",
    headers: { authorization: `Bearer ${key}` },
    body: { model, input: question, stream: true },
  });
}

function embeddings({ key }: DemoKey): PlannedRequest {
  return {
    path: "/openai/v1/embeddings",
    headers: { authorization: `Bearer ${key}` },
    body: { model: "text-embedding-3-small", input: [question, question], encoding_format: "base64" },
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
    body: { contents: [{ role: "user", parts: [{ text: question }] }] },
  });
}

const scenarios: readonly Scenario[] = [
  { key: alice, times: 6, call: message("claude-sonnet-5", true), sim: `${pace},cached=12000,written=900` },
  { key: alice, times: 3, call: message("claude-opus-5"), sim: "wait=120,reasoning=20" },
  { key: alice, times: 1, call: message("claude-sonnet-5", true), sim: "delay=20,chunks=400", leaves: true },
  { key: bob, times: 5, call: chat("gpt-5.5", true), sim: pace },
  { key: bob, times: 4, call: response("gpt-5.5"), sim: `${pace},cached=16` },
  { key: bob, times: 3, call: content("gemini-3.8-pro", "streamGenerateContent"), sim: pace },
  { key: search, times: 12, call: embeddings, sim: "wait=20" },
  { key: search, times: 8, call: content("gemini-3.8-flash", "generateContent"), sim: "wait=60,encoding=gzip" },
  { key: search, times: 4, call: content("gemini-3.8-flash", "streamGenerateContent", "?alt=sse"), sim: pace },
  { key: nightly, times: 8, call: chat("gpt-5.5-mini"), sim: "wait=80,encoding=br" },
  { key: nightly, times: 4, call: message("claude-haiku-5"), sim: "wait=60" },
  { key: nightly, times: 1, call: chat("gpt-5.5-mini"), sim: "status=429" },
];

export interface SentTraffic {
  /** Calls that reached a provider. */
  readonly forwarded: number;
  readonly refusal: { readonly status: number; readonly body: string };
}

export interface TrafficOptions {
  readonly gatewayUrl: string;
  readonly onProgress: (done: number, all: number) => void;
  readonly signal: AbortSignal;
}

/** Sends everything, six calls at a time, and one call more with a key that nobody knows. */
export async function sendTraffic({ gatewayUrl, onProgress, signal }: TrafficOptions): Promise<SentTraffic> {
  const waiting = shuffled(scenarios.flatMap((scenario) => Array.from({ length: scenario.times }, () => scenario)));
  const all = waiting.length;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      await play(gatewayUrl, next, signal);
      done += 1;
      onProgress(done, all);
    }
  };
  onProgress(0, all);
  await Promise.all(Array.from({ length: 6 }, worker));
  const refused = await post(gatewayUrl, chat("gpt-5.5")(stranger), { signal });
  return { forwarded: all, refusal: { status: refused.status, body: await refused.text() } };
}

/** Mixed, but the same on each run: the owners' calls would otherwise come one owner after the other. */
function shuffled<Item>(items: readonly Item[]): Item[] {
  const order = (index: number): number => (index * 29) % 61;
  return items
    .map((item, index) => ({ item, place: order(index) }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

async function play(gatewayUrl: string, scenario: Scenario, signal: AbortSignal): Promise<void> {
  const leave = new AbortController();
  const answer = await post(gatewayUrl, scenario.call(scenario.key), {
    sim: scenario.sim,
    signal: AbortSignal.any([signal, leave.signal]),
  });
  if (!scenario.leaves) {
    await answer.arrayBuffer();
    return;
  }
  await answer.body?.getReader().read();
  await delay(100, undefined, { signal }); // Long enough to have read some of it.
  leave.abort();
}

interface Sending {
  readonly sim?: string | undefined;
  readonly signal: AbortSignal;
}

function post(
  gatewayUrl: string,
  { path, headers, body }: PlannedRequest,
  { sim, signal }: Sending,
): Promise<Response> {
  return fetch(gatewayUrl + path, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", ...(sim !== undefined && { "x-sim": sim }) },
    body: JSON.stringify(body),
    signal,
  });
}
