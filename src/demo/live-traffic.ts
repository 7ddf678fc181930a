/** Sends requests with the keys of the generated history for as long as the demo runs. */
import { setTimeout as delay } from "node:timers/promises";
import { HISTORY_MODELS, type HistoryModel } from "./history-profiles.ts";
import { historyClientKeys, type HistoryClientKey } from "./write-history.ts";

const MEAN_PAUSE_MS = 450;
const MAX_RUNNING = 12;
const MAX_RESPONSE_MS = 5_000;
const CHUNKS = 24;

export interface LiveTrafficOptions {
  readonly gatewayUrl: string;
  readonly signal: AbortSignal;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** Sends requests until `signal` aborts. Failures are ignored here: the gateway records them. */
export async function sendLiveTraffic({ gatewayUrl, signal, random }: LiveTrafficOptions): Promise<void> {
  const keys = historyClientKeys();
  const running = new Set<Promise<void>>();
  while (!signal.aborted) {
    if (running.size < MAX_RUNNING) {
      const exchange = send(gatewayUrl, planRequest(keys, random), signal).catch(() => undefined);
      running.add(exchange);
      void exchange.then(() => running.delete(exchange));
    }
    await delay(-Math.log(1 - random()) * MEAN_PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
  await Promise.all(running);
}

interface PlannedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
  /** Directives to the simulated provider. */
  readonly directives: readonly string[];
  /** The client disconnects after the first chunk of the response. */
  readonly disconnects: boolean;
}

function planRequest(keys: readonly HistoryClientKey[], random: () => number): PlannedRequest {
  const key = pickKey(keys, random());
  const modelChoice = random();
  const model =
    HISTORY_MODELS[key.models[modelChoice < 0.65 ? 0 : modelChoice < 0.88 ? 1 : 2] ?? 0] ?? HISTORY_MODELS[0];
  if (model === undefined) throw new Error("there are no models");
  const tags = tagsOf(key, random);
  const common = { "user-agent": key.userAgent, ...(tags === "" ? {} : { "x-lmgate-tags": tags }) };
  const { path, headers, body } = requestOf(model, key.secret);
  const chance = random();
  const directives =
    chance < 0.015 ? ["status=429"] : chance < 0.02 ? ["status=500"] : responseDirectives(model, random);
  return { path, headers: { ...common, ...headers }, body, directives, disconnects: chance > 0.99 };
}

function pickKey(keys: readonly HistoryClientKey[], random: number): HistoryClientKey {
  let left = random * keys.reduce((sum, { weight }) => sum + weight, 0);
  const found = keys.find(({ weight }) => (left -= weight) < 0) ?? keys[0];
  if (found === undefined) throw new Error("there are no keys");
  return found;
}

function tagsOf(key: HistoryClientKey, random: () => number): string {
  return Object.entries(key.tags ?? {})
    .map(([name, values]) => `${name}=${values[Math.floor(random() * values.length)] ?? ""}`)
    .join(",");
}

function requestOf(model: HistoryModel, key: string): Pick<PlannedRequest, "path" | "headers" | "body"> {
  const { endpoint: path, model: name } = model;
  const content = "How much does this request cost?";
  const messages = [{ role: "user", content }];
  if (path.startsWith("/anthropic/")) {
    const headers = { "x-api-key": key, "anthropic-version": "2023-06-01" };
    return { path, headers, body: { model: name, max_tokens: 4000, messages, stream: true } };
  }
  if (path.startsWith("/google/")) {
    const headers = { "x-goog-api-key": key };
    return { path: `${path}?alt=sse`, headers, body: { contents: [{ role: "user", parts: [{ text: content }] }] } };
  }
  const headers = { authorization: `Bearer ${key}` };
  if (path.endsWith("/embeddings")) return { path, headers, body: { model: name, input: content } };
  if (path.endsWith("/responses")) return { path, headers, body: { model: name, input: content, stream: true } };
  const body = { model: name, messages, stream: true, stream_options: { include_usage: true } };
  return { path, headers, body };
}

function responseDirectives(model: HistoryModel, random: () => number): readonly string[] {
  const around = (value: number): number => Math.round(value * (0.4 + 1.2 * random()));
  const input = around(model.input) + 8;
  const cached = Math.round(input * model.cached * random());
  // Anthropic's input counter excludes cached tokens.
  const counted = model.provider === "anthropic" ? input - cached : input;
  if (model.output === 0) return [`input=${counted}`, `wait=${around(model.firstTokenMs)}`];
  const output = around(model.output) + 1;
  const chunkDelayMs = Math.min(MAX_RESPONSE_MS, (output / model.tokensPerSecond) * 1000) / CHUNKS;
  return [
    `input=${counted}`,
    `output=${output}`,
    `cached=${cached}`,
    `reasoning=${Math.round(output * model.reasoning * random())}`,
    `wait=${around(model.firstTokenMs)}`,
    `chunks=${CHUNKS}`,
    `delay=${Math.round(chunkDelayMs)}`,
  ];
}

async function send(gatewayUrl: string, plan: PlannedRequest, signal: AbortSignal): Promise<void> {
  const disconnect = new AbortController();
  const response = await fetch(gatewayUrl + plan.path, {
    method: "POST",
    headers: { ...plan.headers, "content-type": "application/json", "x-sim": plan.directives.join(",") },
    body: JSON.stringify(plan.body),
    signal: AbortSignal.any([signal, disconnect.signal]),
  });
  if (plan.disconnects) {
    await response.body?.getReader().read();
    disconnect.abort();
  } else await response.arrayBuffer();
}
