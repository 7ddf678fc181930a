/** The demo after its first minute: the people and programs of the made-up company go on calling, now for real. */
import { setTimeout as delay } from "node:timers/promises";
import { HISTORY_MODELS, type HistoryModel } from "./history-profiles.ts";
import { companyKeys, type CompanyKey } from "./company-history.ts";

const MEAN_PAUSE_MS = 450;
const MAX_RUNNING = 12;
const LONGEST_ANSWER_MS = 5_000;
const PIECES = 24;

export interface LifeOptions {
  readonly gatewayUrl: string;
  readonly signal: AbortSignal;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** Calls until `signal` ends it. What becomes of a call is for the gateway to tell. */
export async function keepCalling({ gatewayUrl, signal, random }: LifeOptions): Promise<void> {
  const keys = companyKeys();
  const running = new Set<Promise<void>>();
  while (!signal.aborted) {
    if (running.size < MAX_RUNNING) {
      const call = send(gatewayUrl, planOf(keys, random), signal).catch(() => undefined);
      running.add(call);
      void call.then(() => running.delete(call));
    }
    await delay(-Math.log(1 - random()) * MEAN_PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
  await Promise.all(running);
}

interface Plan {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
  readonly directions: readonly string[];
  /** The client goes after the first piece. */
  readonly leaves: boolean;
}

function planOf(keys: readonly CompanyKey[], random: () => number): Plan {
  const key = pick(keys, random());
  const place = random();
  const model = HISTORY_MODELS[key.models[place < 0.65 ? 0 : place < 0.88 ? 1 : 2] ?? 0] ?? HISTORY_MODELS[0];
  if (model === undefined) throw new Error("the company uses no models");
  const tags = tagsOf(key, random);
  const common = { "user-agent": key.userAgent, ...(tags === "" ? {} : { "x-lmgate-tags": tags }) };
  const { path, headers, body } = requestOf(model, key.secret);
  const luck = random();
  const directions = luck < 0.015 ? ["status=429"] : luck < 0.02 ? ["status=500"] : amountsOf(model, random);
  return { path, headers: { ...common, ...headers }, body, directions, leaves: luck > 0.99 };
}

function pick(keys: readonly CompanyKey[], random: number): CompanyKey {
  let left = random * keys.reduce((sum, { weight }) => sum + weight, 0);
  const found = keys.find(({ weight }) => (left -= weight) < 0) ?? keys[0];
  if (found === undefined) throw new Error("the company has no keys");
  return found;
}

function tagsOf(key: CompanyKey, random: () => number): string {
  return Object.entries(key.tags ?? {})
    .map(([name, values]) => `${name}=${values[Math.floor(random() * values.length)] ?? ""}`)
    .join(",");
}

function requestOf(model: HistoryModel, key: string): Pick<Plan, "path" | "headers" | "body"> {
  const { endpoint: path, model: name } = model;
  const content = "What does it cost to ask you?";
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

function amountsOf(model: HistoryModel, random: () => number): readonly string[] {
  const around = (value: number): number => Math.round(value * (0.4 + 1.2 * random()));
  const input = around(model.input) + 8;
  const cached = Math.round(input * model.cached * random());
  // Anthropic's counter leaves the cached tokens out.
  const counted = model.provider === "anthropic" ? input - cached : input;
  if (model.output === 0) return [`input=${counted}`, `wait=${around(model.firstTokenMs)}`];
  const output = around(model.output) + 1;
  const pause = Math.min(LONGEST_ANSWER_MS, (output / model.tokensPerSecond) * 1000) / PIECES;
  return [
    `input=${counted}`,
    `output=${output}`,
    `cached=${cached}`,
    `reasoning=${Math.round(output * model.reasoning * random())}`,
    `wait=${around(model.firstTokenMs)}`,
    `chunks=${PIECES}`,
    `delay=${Math.round(pause)}`,
  ];
}

async function send(gatewayUrl: string, plan: Plan, signal: AbortSignal): Promise<void> {
  const leave = new AbortController();
  const answer = await fetch(gatewayUrl + plan.path, {
    method: "POST",
    headers: { ...plan.headers, "content-type": "application/json", "x-sim": plan.directions.join(",") },
    body: JSON.stringify(plan.body),
    signal: AbortSignal.any([signal, leave.signal]),
  });
  if (plan.leaves) {
    await answer.body?.getReader().read();
    leave.abort();
  } else await answer.arrayBuffer();
}
