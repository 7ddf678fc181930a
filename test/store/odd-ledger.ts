import type { RequestRecord } from "../../src/core/request/request-record.ts";

/** Unusual values that clients do send. */
export const HOSTILE = [
  "=1+1",
  "+cmd|' /C calc'!A0",
  "-2",
  "@SUM(A1)",
  "\tTAB",
  "\rCR",
  "a;b",
  'say "hi"',
  "two\nlines",
  "null",
  "a,b\\c",
  "x' OR '1'='1",
  "'; DROP TABLE calls; --",
  "$1",
  "{{7*7}}",
  "<img src=x onerror=alert(1)>",
  "gpt-é-模型-🦆",
  "%_",
  " ",
  "",
];

const MODELS = ["gpt-5", "gpt-5-mini", "claude-sonnet-5", "gemini-3-pro", "own-model", null];
const TEAMS = ["core", "web", "=1+1", ""];
const AGENTS = ["OpenAI/Python 2.1", "claude-cli/2.0 (external)", "curl/8", "strange", undefined];

/**
 * Records of every sort, spread over days on which clocks change in some zone: known, partly known, estimated and unknown
 * usage, errors, responses fetched again, WebSockets that close, records without newer fields.
 */
export function oddRecords(random: () => number, count: number): RequestRecord[] {
  const spans = [
    ["2026-03-05", "2026-04-08"],
    ["2026-09-28", "2026-11-06"],
  ].map((days) => days.map((day) => Date.parse(day)));
  return Array.from({ length: count }, (_, at) => {
    const [from = 0, to = 0] = pick(random, spans) ?? [];
    // Some are exactly at the start of hours, days and offsets.
    const free = from + Math.floor(random() * (to - from));
    const ts = random() < 0.1 ? free - (free % 1_800_000) - Math.floor(random() * 2) : free;
    return oddRecord(random, new Date(ts).toISOString(), at.toString(36).padStart(8, "0"));
  });
}

export function oddRecord(random: () => number, timestamp: string, id: string): RequestRecord {
  const hostile = (): string | undefined => (random() < 0.1 ? pick(random, HOSTILE) : undefined);
  const failed = random() < 0.15;
  const record: RequestRecord = {
    timestamp,
    lmgate_id: random() < 0.05 ? null : (hostile() ?? `key-${Math.floor(random() * 6)}`),
    provider: pick(random, ["openai", "anthropic", "gemini"]) ?? "openai",
    endpoint: "/openai/v1/chat/completions",
    model: hostile() ?? pick(random, MODELS) ?? null,
    status: failed ? (pick(random, [400, 401, 429, 500, 502, null]) ?? null) : 200,
    input_tokens: null,
    output_tokens: null,
    masked_key: "abc123",
    error_type: failed
      ? (hostile() ?? pick(random, ["rate_limit_error", "upstream_timeout", "client_aborted"]) ?? "x")
      : null,
    id,
    operation: "chat",
    usage_source: "body",
  };
  const owner = hostile() ?? pick(random, ["ann", "bob", "cid", undefined]);
  if (owner !== undefined) record.owner = owner;
  const agent = pick(random, AGENTS);
  if (agent !== undefined) record.user_agent = agent;
  if (random() < 0.6) record.tags = { team: pick(random, TEAMS) ?? "", "odd 'name'": pick(random, HOSTILE) ?? "" };
  if (random() < 0.95) record.duration_ms = Math.round(10 ** (random() * 5) * 1000) / 1000;
  if (record.duration_ms !== undefined && random() < 0.5) {
    record.stream = true;
    record.ttft_ms = Math.round(record.duration_ms * random() * 1000) / 1000;
  }
  addUsage(random, record, failed);
  return record;
}

function addUsage(random: () => number, record: RequestRecord, failed: boolean): void {
  const usageCase = failed ? (random() < 0.7 ? "not_applicable" : "aborted") : (pick(random, USAGE_CASES) ?? "final");
  if (usageCase === "session") {
    Object.assign(record, { operation: "session", usage_state: "not_applicable", status: 101, session_id: record.id });
    return;
  }
  if (usageCase === "old") {
    record.input_tokens = Math.floor(random() * 1000);
    record.output_tokens = Math.floor(random() * 1000);
    return;
  }
  record.usage_state = usageCase === "estimated" ? "missing" : usageCase;
  if (usageCase === "not_applicable") return;
  if (usageCase === "missing" || usageCase === "estimated" || (usageCase === "aborted" && random() < 0.5)) {
    record.usage_reason = pick(random, ["not_requested", "absent", "aborted"]) ?? "absent";
    if (usageCase === "estimated") record.estimated_output_tokens = Math.floor(random() * 1000);
    return;
  }
  addCounters(random, record);
}

const USAGE_CASES = [
  "final",
  "final",
  "final",
  "final",
  "partial",
  "missing",
  "estimated",
  "replay",
  "not_applicable",
  "session",
  "old",
] as const;

function addCounters(random: () => number, record: RequestRecord): void {
  const input = Math.floor(random() * 50_000);
  const output = Math.floor(random() * 5_000);
  Object.assign(record, { input_tokens: input, output_tokens: output });
  Object.assign(record, { total_input_tokens: input, total_output_tokens: output, total_tokens: input + output });
  if (random() < 0.5) record.cached_input_tokens = Math.floor(input * random());
  if (random() < 0.2) record.cache_write_tokens = Math.floor(input * 0.1);
  if (random() < 0.3) record.reasoning_tokens = Math.floor(output * random());
  if (record.usage_state === "replay") return;
  const priced = random() < 0.85;
  record.cost_usd = priced ? Math.round(random() * 1e9) / 1e12 : null;
  record.cost_source = priced ? "table" : "none";
}

export function pick<T>(random: () => number, from: readonly T[]): T | undefined {
  return from[Math.floor(random() * from.length)];
}
