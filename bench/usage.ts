// `npm run bench:usage` measures usage reading: throughput of each dialect, CPU time per exchange and per event compared with
// relaying, memory of an observer during a long response, and where it stops at a decompression bomb. Prints Markdown.
import { boundariesOf } from "../test/corpus/boundaries.ts";
import { decompressionBombs, memoryPerObserver } from "./long-responses.ts";
import { markdownTable } from "./markdown-table.ts";
import { MB, ENCODERS, observe, slices, subjectsOfCorpus, timed, type Subject } from "./observed-subject.ts";
import { relayMicroseconds } from "./relay-cost.ts";

/** Framing, exchange of the corpus, and a text that occurs in the exchange's content events. */
const READERS: readonly (readonly [framing: string, exchange: string, word: string])[] = [
  ["event stream", "openai.chat/openai-chat-stream", '"content":'],
  ["event stream", "openai.responses/openai-responses-stream", "output_text.delta"],
  ["event stream", "anthropic.messages/anthropic-messages-stream", "content_block_delta"],
  ["event stream", "google.generate/google-stream", '"text":'],
  ["event stream", "google.interactions/google-interactions-stream", "step.delta"],
  ["event stream", "cohere.chat/cohere-chat-v2-stream", "content-delta"],
  ["event stream", "mistral.conversations/mistral-conversation-stream", "message.output.delta"],
  ["JSON lines", "ollama/ollama-chat-stream", '"done":false'],
  ["JSON lines", "cohere.chat/cohere-chat-v1-stream", "text-generation"],
  ["AWS event stream", "bedrock.converse/bedrock-converse-stream", "contentBlockDelta"],
  ["AWS event stream", "bedrock.invoke/bedrock-invoke-stream-claude", "chunk"],
  ["one JSON document", "openai.chat/a-long-response", ""],
  ["one JSON document", "openai.embeddings/a-large-one", ""],
  ["one JSON document", "openai.images/a-large-picture", ""],
];

/** An event of typical length. */
const CHAT_EVENT = Buffer.from(
  `data: ${JSON.stringify({ id: "c-1", choices: [{ delta: { content: "word ".repeat(20) } }] })}\n\n`,
);

const SMALL: readonly string[] = [
  "openai.chat/openai-chat",
  "openai.responses/openai-responses",
  "anthropic.messages/anthropic-messages",
  "google.generate/google-generate",
  "bedrock.converse/bedrock-converse",
];

const subjectOf = subjectsOfCorpus();
const relay = await relayMicroseconds(subjectOf("other/openai-models").step.request, CHAT_EVENT);
console.log(`Relaying one event in its own chunk, unparsed: ${relay.toFixed(1)} µs of CPU\n`);
for (const table of [throughput(), exchanges(), memoryPerObserver(subjectOf), decompressionBombs(subjectOf)])
  console.log(`${table}\n`);

/** Repeats a content event of the response until it has about `bytes`; a single document is returned as it is. */
function repeatedToLength({ step: { response } }: Subject, word: string, bytes: number): readonly Buffer[] {
  const ends = boundariesOf(response).map(({ at }) => at);
  if (ends.length === 0) return slices(response.body, 16_384);
  const events = ends.map((at, index) => response.body.subarray(ends[index - 1] ?? 0, at));
  // The last content event before the usage is repeated; the first ones are also read for the model.
  const usageAt = response.seen.at(-1)?.at ?? Infinity;
  const content = events.findLastIndex((event, index) => (ends[index] ?? 0) < usageAt && event.includes(word));
  const event = events[content];
  if (event === undefined) throw new Error(`no event with ${word}`);
  const times = Math.ceil(bytes / event.length);
  return [...events.slice(0, content), ...Array<Buffer>(times).fill(event), ...events.slice(content)];
}

function throughput(): string {
  const rows = READERS.map(([framing, name, word]) => {
    const subject = subjectOf(name);
    const pieces = repeatedToLength(subject, word, MB);
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    const state = observe(subject, pieces);
    if (state !== "final") throw new Error(`${name}: ${state}`);
    const microseconds = timed(() => void observe(subject, pieces));
    const each = microseconds / pieces.length;
    const perEvent = framing === "one JSON document" ? [] : [each.toFixed(2), `${((each / relay) * 100).toFixed(0)} %`];
    return [framing, dialectOf(name), (bytes / microseconds).toFixed(0), ...perEvent];
  });
  return markdownTable([["Framing", "Dialect", "MB/s", "µs per event", "share of relay CPU"], ...rows], 2);
}

function exchanges(): string {
  const head = ["Small JSON response", "Bytes", "plain, µs", ...Object.keys(ENCODERS).map((coding) => `${coding}, µs`)];
  const rows = SMALL.map((name) => {
    const subject = subjectOf(name);
    const { body } = subject.step.response;
    const plain = timed(() => void observe(subject, [body]));
    const encoded = Object.entries(ENCODERS).map(([coding, pack]) => {
      const bytes = pack(body);
      return timed(() => void observe(subject, [bytes], coding)).toFixed(1);
    });
    return [dialectOf(name), String(body.length), plain.toFixed(1), ...encoded];
  });
  return markdownTable([head, ...rows]);
}

function dialectOf(name: string): string {
  return name.slice(0, name.indexOf("/"));
}
