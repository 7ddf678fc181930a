import { HISTORY_MODELS, historyKeys, type HistoryKey, type HistoryModel } from "./history-profiles.ts";
import { historyHours, type HistoryHour } from "./history-hours.ts";

// Generates records of an invented company as lines of the ledger, ordered by time. The same arguments give the same
// lines. Traffic follows days and weeks; in the middle there is an outage, near the end one owner's costs rise sharply.

export interface HistoryOptions {
  readonly count: number;
  /** End of the history, epoch milliseconds. */
  readonly until: number;
  readonly days: number;
  readonly owners: number;
  readonly seed: number;
}

export interface HistoryLine {
  /** Epoch milliseconds of the record. */
  readonly at: number;
  /** Includes the line end. */
  readonly text: string;
}

export function* historyLines(options: HistoryOptions): Generator<HistoryLine> {
  const random = seeded(options.seed);
  const writer = new RecordWriter(random, historyKeys(options.owners));
  for (const hour of historyHours(options)) {
    for (let nth = 0; nth < hour.requests; nth++) {
      const at = Math.floor(hour.from + ((nth + random()) / hour.requests) * hour.lengthMs);
      yield { at, text: writer.line(at, hour) };
    }
  }
}

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class RecordWriter {
  readonly #random: () => number;
  readonly #people: WeightedChoice<HistoryKey>;
  readonly #machines: WeightedChoice<HistoryKey>;
  readonly #instance: string;
  #sequence = 0;

  constructor(random: () => number, keys: readonly HistoryKey[]) {
    this.#random = random;
    const machines = keys.filter((key) => key.machine);
    this.#machines = new WeightedChoice(machines.length > 0 ? machines : keys);
    this.#people = new WeightedChoice(keys);
    this.#instance = `00000000-0000-4000-8000-${this.#hex(12)}`;
  }

  line(at: number, hour: HistoryHour): string {
    const random = this.#random;
    const key = (random() < hour.people ? this.#people : this.#machines).pick(random());
    const model = pickModel(key, hour, random());
    const failure = failureOf(model, hour, random());
    const stream = model.output > 0 && random() < 0.7;
    const head =
      `{"timestamp":"${new Date(at).toISOString()}","lmgate_id":"${key.id}","provider":"${model.provider}",` +
      `"endpoint":"${model.endpoint}","model":"${model.model}","status":${failure?.status ?? 200},`;
    const details =
      `"id":"${this.#id(at)}","schema":1,"owner":"${key.owner}","method":"POST","operation":"${model.operation}",` +
      `"stream":${stream}`;
    const outcome = failure === undefined ? this.#success(model, key, hour, stream) : this.#failure(key, failure);
    const tags = key.tags === undefined ? "" : `,"tags":${this.#tags(key.tags)}`;
    const tail =
      `,"request_id":"req_${this.#hex(24)}","user_agent":"${key.userAgent}","client_ip":"${key.clientIp}"${tags}` +
      `${outcome.cost},"instance":"${this.#instance}","seq":${++this.#sequence}}\n`;
    return head + outcome.counters + details + outcome.rest + tail;
  }

  #success(model: HistoryModel, key: HistoryKey, hour: HistoryHour, stream: boolean): OutcomeFields {
    const isUsageMissing = stream && model.operation === "chat" && model.provider === "openai" && this.#random() < 0.03;
    const input = Math.round(model.input * this.#spread(0.9)) + 8;
    const output = model.output === 0 ? 0 : Math.round(model.output * this.#spread(0.8)) + 1;
    const ttft = model.firstTokenMs * this.#spread(0.35) * hour.latencyFactor;
    const duration = ttft + (model.output === 0 ? 4 : (output / model.tokensPerSecond) * 1000 * this.#spread(0.2));
    const first = stream ? `,"ttft_ms":${ttft.toFixed(1)}` : "";
    const timing = `,"duration_ms":${duration.toFixed(1)},"ttfb_ms":${(stream ? ttft * 0.8 : duration - 2).toFixed(1)}${first}`;
    const sizes = `,"request_bytes":${input * 4 + 210},"response_bytes":${output * (stream ? 180 : 5) + 420}`;
    if (isUsageMissing) {
      const estimate = `,"estimated_input_tokens":${input},"estimated_output_tokens":${output}`;
      const source = `,"usage_source":"estimate","usage_state":"missing","usage_reason":"not_requested"`;
      return { counters: counters(null, null, key), rest: timing + sizes + estimate + source, cost: "" };
    }
    const cached = Math.round(input * model.cached * this.#random());
    const reasoning = Math.round(output * model.reasoning * this.#random());
    const parts =
      `,"total_input_tokens":${input},"total_output_tokens":${output},"total_tokens":${input + output}` +
      `${cached > 0 ? `,"cached_input_tokens":${cached}` : ""}${reasoning > 0 ? `,"reasoning_tokens":${reasoning}` : ""}`;
    const uncached = model.provider === "anthropic" ? input - cached : input;
    const source = `,"usage_source":"${stream ? "stream" : "body"}","usage_state":"final","response_id":"resp_${this.#hex(24)}"`;
    return {
      counters: counters(uncached, output, key),
      rest: timing + sizes + parts + source,
      cost: costOf(model, { input, cached, output }),
    };
  }

  #failure(key: HistoryKey, failure: Failure): OutcomeFields {
    const duration = (failure.status === null ? 900_000 : 180) * this.#spread(0.5);
    const emptyCounters = `"input_tokens":null,"output_tokens":null,"masked_key":"${key.maskedKey}","error_type":"${failure.error}",`;
    const timing = `,"duration_ms":${Math.min(duration, 900_000).toFixed(1)},"request_bytes":900,"response_bytes":240`;
    return {
      counters: emptyCounters,
      rest: `${timing},"usage_source":"none","usage_state":"not_applicable"`,
      cost: "",
    };
  }

  /** A log-normal factor around 1. */
  #spread(width: number): number {
    const { sqrt, log, cos, PI, exp } = Math;
    return exp(width * sqrt(-2 * log(this.#random() + 1e-12)) * cos(2 * PI * this.#random()));
  }

  #tags(tags: Readonly<Record<string, readonly string[]>>): string {
    const picked = Object.entries(tags).map(([name, values]) => [
      name,
      values[Math.floor(this.#random() * values.length)],
    ]);
    return JSON.stringify(Object.fromEntries(picked));
  }

  /** UUIDv7 */
  #id(at: number): string {
    const time = at.toString(16).padStart(12, "0");
    return `${time.slice(0, 8)}-${time.slice(8)}-7${this.#hex(3)}-a${this.#hex(3)}-${this.#hex(12)}`;
  }

  #hex(digits: number): string {
    let text = "";
    while (text.length < digits)
      text += Math.floor(this.#random() * 0x1000000 + 0x1000000)
        .toString(16)
        .slice(1);
    return text.slice(0, digits);
  }
}

interface OutcomeFields {
  readonly counters: string;
  readonly rest: string;
  readonly cost: string;
}

interface Failure {
  readonly status: number | null;
  readonly error: string;
}

function counters(input: number | null, output: number | null, key: HistoryKey): string {
  return `"input_tokens":${input},"output_tokens":${output},"masked_key":"${key.maskedKey}","error_type":null,`;
}

function costOf(model: HistoryModel, used: { input: number; cached: number; output: number }): string {
  if (Number.isNaN(model.usdIn)) return ',"cost_usd":null,"cost_source":"none"';
  const { usdIn, usdCached, usdOut } = model;
  const usd = ((used.input - used.cached) * usdIn + used.cached * usdCached + used.output * usdOut) / 1e6;
  return `,"cost_usd":${Number(usd.toPrecision(12))},"cost_source":"table"`;
}

function pickModel(key: HistoryKey, hour: HistoryHour, random: number): HistoryModel {
  const { models } = key;
  // The owner whose costs rise uses the most expensive model for everything.
  const isSpike = hour.costSpike && key.owner === "nadia";
  const choice = isSpike || random < 0.65 ? 0 : random < 0.88 ? 1 : 2;
  const model = HISTORY_MODELS[models[choice % models.length] ?? 0] ?? HISTORY_MODELS[0];
  if (model === undefined) throw new Error("there are no models");
  return model;
}

function failureOf(model: HistoryModel, hour: HistoryHour, random: number): Failure | undefined {
  if (hour.outageOf === model.provider && random < 0.75) {
    if (random < 0.6) return { status: 529, error: "overloaded_error" };
    return random < 0.7 ? { status: 502, error: "upstream_reset" } : { status: 504, error: "upstream_timeout" };
  }
  if (random < 0.985) return undefined;
  if (random < 0.993) return { status: 429, error: "rate_limit_error" };
  if (random < 0.996) return { status: 400, error: "invalid_request_error" };
  if (random < 0.998) return { status: 500, error: "api_error" };
  return random < 0.9995 ? { status: 200, error: "client_aborted" } : { status: null, error: "client_aborted" };
}

class WeightedChoice<T extends { readonly weight: number }> {
  readonly #items: readonly T[];
  readonly #bounds: readonly number[];

  constructor(items: readonly T[]) {
    const total = items.reduce((sum, item) => sum + item.weight, 0);
    let sum = 0;
    this.#items = items;
    this.#bounds = items.map((item) => (sum += item.weight) / total);
  }

  pick(random: number): T {
    const at = this.#bounds.findIndex((bound) => random < bound);
    const item = this.#items[at < 0 ? this.#items.length - 1 : at];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }
}
