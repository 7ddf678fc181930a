// How far off the estimates are: the texts of test/fixtures/estimates as a request and as a streamed answer, one token an
// event, against two real encodings; and what measuring costs for each event.
//
//   npm run bench:estimates
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { countTokens as countOlder } from "gpt-tokenizer/encoding/cl100k_base";
import { decode, encode } from "gpt-tokenizer/encoding/o200k_base";
import type { UsageReading } from "../src/core/usage/usage.ts";
import { RequestObserver } from "../src/usage/observe/observer.ts";

const TEXTS = join(import.meta.dirname, "..", "test", "fixtures", "estimates");
const ROUNDS = 300_000;

const request = {
  method: "POST",
  path: "/v1/chat/completions",
  query: "",
  exclusiveReasoning: false,
  upgrade: false,
  contentType: "application/json",
  contentEncoding: undefined,
};
const response = {
  status: 200,
  contentType: "text/event-stream",
  contentEncoding: undefined,
  hasBody: true,
  header: () => undefined,
};

function event(content: string): Buffer {
  const choice = { index: 0, delta: { content }, logprobs: null, finish_reason: null };
  const rest = { created: 1_795_000_000, model: "gpt-bench", service_tier: "default", choices: [choice], usage: null };
  return Buffer.from(`data: ${JSON.stringify({ id: "chatcmpl-bench", object: "chat.completion.chunk", ...rest })}\n\n`);
}

/** The text in events as a provider would send them: a token each, or as many as it takes to end within a character. */
function eventsOf(text: string): readonly Buffer[] {
  const events: Buffer[] = [];
  let pending: number[] = [];
  for (const token of encode(text)) {
    pending.push(token);
    const piece = decode(pending);
    if (piece.includes("\uFFFD")) continue;
    events.push(event(piece));
    pending = [];
  }
  return events;
}

function observe(body: string, events: readonly Buffer[]): UsageReading {
  const observer = new RequestObserver({ ...request, estimate: true }, () => 0);
  observer.requestBytes(Buffer.from(body));
  observer.requestSent();
  observer.responseHead(response);
  for (const bytes of events) observer.responseBytes(bytes);
  return observer.finish({ kind: "complete" });
}

function off(estimate: number | undefined, tokens: number): string {
  const percent = (100 * ((estimate ?? 0) - tokens)) / tokens;
  return `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(1)} %`;
}

/** Nanoseconds of processor time for each event. */
function costOf(estimate: boolean): number {
  const events = [" the", " house", ",", " réseau", " 東京", " international"].map(event);
  let best = Infinity;
  for (let run = 0; run < 5; run++) {
    const observer = new RequestObserver({ ...request, estimate }, () => 0);
    observer.responseHead(response);
    const before = process.cpuUsage();
    for (let n = 0; n < ROUNDS; n++) observer.responseBytes(events[n % events.length] ?? Buffer.alloc(0));
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, ((user + system) * 1000) / ROUNDS);
    observer.finish({ kind: "complete" });
  }
  return best;
}

const rows: string[][] = [
  ["text", "bytes", "o200k", "estimate, answer", "off", "estimate, request", "off", "bytes / 4", "cl100k"],
];
for (const file of readdirSync(TEXTS).toSorted()) {
  const text = readFileSync(join(TEXTS, file), "utf8");
  const tokens = encode(text).length;
  const body = JSON.stringify({ model: "gpt-bench", messages: [{ role: "user", content: text }], stream: true });
  const reading = observe(body, eventsOf(text));
  const bytes = Buffer.byteLength(text);
  rows.push([
    file.replace(".txt", ""),
    String(bytes),
    String(tokens),
    String(reading.estimatedOutputTokens),
    off(reading.estimatedOutputTokens, tokens),
    String(reading.estimatedInputTokens),
    off(reading.estimatedInputTokens, tokens),
    off(bytes / 4, tokens),
    off(countOlder(text), tokens),
  ]);
}

const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
const line = (row: readonly string[]): string =>
  `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
const [head = [], ...body] = rows;
const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
process.stdout.write([line(head), rule, ...body.map(line), ""].join("\n"));

const [without, withEstimates] = [costOf(false), costOf(true)];
process.stdout.write(
  `\nAn event of ${event(" the").length} bytes: ${without.toFixed(0)} ns observed, ${withEstimates.toFixed(0)} ns with its text measured.\n`,
);
