// `npm run bench:usage` measures the reading of usage: how fast bytes pass each reader, what an exchange and an event cost beside
// what their relay costs, what an observer holds of a long answer, and where a bomb stops it. Prints Markdown.
import { boundariesOf } from "../test/corpus/boundaries.ts";
import { bombs, held } from "./long-responses.ts";
import { markdownTable } from "./markdown-table.ts";
import { MB, PACKERS, passThrough, slices, subjectsOfCorpus, timed, type Subject } from "./observed-subject.ts";
import { relayMicroseconds } from "./relay-cost.ts";

/** Readers by framing, each with an exchange of theirs and a word of the events that hold its content. */
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
  ["one JSON document", "openai.chat/a-long-answer", ""],
  ["one JSON document", "openai.embeddings/a-large-one", ""],
  ["one JSON document", "openai.images/a-large-picture", ""],
];

/** As long as most, and of no dialect that counts anything. */
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
console.log(`Relay of one event, alone in its chunk, unread: ${relay.toFixed(1)} µs of CPU\n`);
for (const table of [throughput(), exchanges(), held(subjectOf), bombs(subjectOf)]) console.log(`${table}\n`);

/** The answer with its content event said so often that it has about `bytes`; a document stays as it is. */
function lengthened({ step: { response } }: Subject, word: string, bytes: number): readonly Buffer[] {
  const ends = boundariesOf(response).map(({ at }) => at);
  if (ends.length === 0) return slices(response.body, 16_384);
  const events = ends.map((at, index) => response.body.subarray(ends[index - 1] ?? 0, at));
  // Of several, the last before the usage: the first ones are read for the model as well.
  const told = response.seen.at(-1)?.at ?? Infinity;
  const content = events.findLastIndex((event, index) => (ends[index] ?? 0) < told && event.includes(word));
  const event = events[content];
  if (event === undefined) throw new Error(`no event with ${word}`);
  const times = Math.ceil(bytes / event.length);
  return [...events.slice(0, content), ...Array<Buffer>(times).fill(event), ...events.slice(content)];
}

function throughput(): string {
  const rows = READERS.map(([framing, name, word]) => {
    const subject = subjectOf(name);
    const pieces = lengthened(subject, word, MB);
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    const state = passThrough(subject, pieces);
    if (state !== "final") throw new Error(`${name}: ${state}`);
    const micros = timed(() => void passThrough(subject, pieces));
    const each = micros / pieces.length;
    const perEvent = framing === "one JSON document" ? [] : [each.toFixed(2), `${((each / relay) * 100).toFixed(0)} %`];
    return [framing, dialectOf(name), (bytes / micros).toFixed(0), ...perEvent];
  });
  return markdownTable([["Framing", "Dialect", "MB/s", "µs per event", "of its relay"], ...rows], 2);
}

function exchanges(): string {
  const head = ["Small JSON answer", "Bytes", "plain, µs", ...Object.keys(PACKERS).map((coding) => `${coding}, µs`)];
  const rows = SMALL.map((name) => {
    const subject = subjectOf(name);
    const { body } = subject.step.response;
    const plain = timed(() => void passThrough(subject, [body]));
    const packed = Object.entries(PACKERS).map(([coding, pack]) => {
      const bytes = pack(body);
      return timed(() => void passThrough(subject, [bytes], coding)).toFixed(1);
    });
    return [dialectOf(name), String(body.length), plain.toFixed(1), ...packed];
  });
  return markdownTable([head, ...rows]);
}

function dialectOf(name: string): string {
  return name.slice(0, name.indexOf("/"));
}
