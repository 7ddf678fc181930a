// Measures the error of the usage estimates: the texts of test/fixtures/estimates as a request and as a streamed response
// with one token per event, compared with two real encodings; and the CPU time of estimating per event.
//
//   npm run bench:estimates
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { countTokens as countOlder } from "gpt-tokenizer/encoding/cl100k_base";
import { decode, encode } from "gpt-tokenizer/encoding/o200k_base";
import type { UsageReading } from "../src/core/usage/usage.ts";
import { markdownTable } from "./markdown-table.ts";
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

/** Splits the text into events as a provider does: one token each, or more if a token ends within a character. */
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

function formatError(estimate: number | undefined, tokens: number): string {
  const percent = (100 * ((estimate ?? 0) - tokens)) / tokens;
  return `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(1)} %`;
}

/** Nanoseconds of CPU time per event. */
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
  ["text", "bytes", "o200k", "estimate, response", "error", "estimate, request", "error", "bytes / 4", "cl100k"],
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
    formatError(reading.estimatedOutputTokens, tokens),
    String(reading.estimatedInputTokens),
    formatError(reading.estimatedInputTokens, tokens),
    formatError(bytes / 4, tokens),
    formatError(countOlder(text), tokens),
  ]);
}

process.stdout.write(`${markdownTable(rows)}\n`);

const [without, withEstimates] = [costOf(false), costOf(true)];
process.stdout.write(
  `\nAn event of ${event(" the").length} bytes: ${without.toFixed(0)} ns without estimates, ${withEstimates.toFixed(0)} ns with them.\n`,
);
