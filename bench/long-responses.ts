/** What observers hold of many long answers at a time, and where a bomb stops them. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import zlib from "node:zlib";
import { boundariesOf } from "../test/corpus/boundaries.ts";
import { markdownTable } from "./markdown-table.ts";
import { begun, MB, PACKERS, passThrough, slices, type Subject } from "./observed-subject.ts";

/** Memory inside the heap and outside, after a collection. */
function memory(collectGarbage: () => void): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const ANSWERS = 100;
const ANSWER_BYTES = 50 * MB;
/** Of the compressed ones, whose decoders take their time. */
const PACKED_BYTES = 10 * MB;
const PIECE = 65_000;

interface LongAnswer {
  readonly what: string;
  readonly subject: Subject;
  /** Every observer gets each of them before any gets the next. */
  readonly pieces: readonly Buffer[];
  readonly contentEncoding?: string;
}

export function held(subjectOf: (name: string) => Subject): string {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void; // What the flag above puts there.
  const rows = longAnswers(subjectOf).map((answer) => holdAll(answer, collectGarbage));
  const head = [`${ANSWERS} answers at a time`, "MB each", "KB held by each", "MB/s of all", "read as"];
  return markdownTable([head, ...rows]);
}

function longAnswers(subjectOf: (name: string) => Subject): readonly LongAnswer[] {
  const json = subjectOf("openai.embeddings/a-large-one");
  const sse = subjectOf("openai.chat/openai-chat-stream");
  const { body } = sse.step.response;
  const first = boundariesOf(sse.step.response)[0]?.at;
  const [event, rest] = [body.subarray(0, first), body.subarray(first)];
  const head = Buffer.from('{"data":[{"embedding":"');
  const tail = Buffer.from('"}],"model":"m","usage":{"prompt_tokens":9,"total_tokens":9}}');
  const open = Buffer.from('data: {"id":"c1","model":"m","choices":[{"delta":{"content":"');
  const shut = Buffer.concat([Buffer.from('"}}]}\n\n'), rest]);
  const letters = Buffer.alloc(PIECE, "A");
  const events = Buffer.concat(Array<Buffer>(Math.ceil(PIECE / event.length)).fill(event));
  const repeated = (piece: Buffer): readonly Buffer[] =>
    Array<Buffer>(Math.ceil(ANSWER_BYTES / piece.length)).fill(piece);
  const picture = json.step.response.body.subarray(100, 4 * MB);
  const long = Buffer.concat([head, ...Array<Buffer>(Math.ceil(PACKED_BYTES / picture.length)).fill(picture), tail]);
  return [
    { what: "JSON, usage last", subject: json, pieces: [head, ...repeated(letters), tail] },
    { what: "event stream, usage last", subject: sse, pieces: [event, ...repeated(events), rest] },
    { what: "event stream of one event", subject: sse, pieces: [open, ...repeated(letters), shut] },
    ...["gzip", "br"].map((contentEncoding) => ({
      what: `JSON in ${contentEncoding}`,
      subject: json,
      pieces: slices(
        contentEncoding === "gzip" ? zlib.gzipSync(long, { level: 1 }) : zlib.brotliCompressSync(long, LIGHT_BROTLI),
        PIECE,
      ),
      contentEncoding,
    })),
  ];
}

function holdAll(
  { what, subject, pieces, contentEncoding }: LongAnswer,
  collectGarbage: () => void,
): readonly string[] {
  passThrough(subject, pieces, contentEncoding); // What is made once for all stands before the measurement.
  const before = memory(collectGarbage);
  const observers = Array.from({ length: ANSWERS }, () => begun(subject, contentEncoding));
  const start = performance.now();
  let most = 0;
  for (const [turn, piece] of pieces.entries()) {
    for (const observer of observers) observer.responseBytes(piece);
    if (turn % Math.ceil(pieces.length / 4) === 1) most = Math.max(most, memory(collectGarbage) - before);
  }
  const seconds = (performance.now() - start) / 1000;
  const states = new Set<string>();
  for (const observer of observers) states.add(observer.finish({ kind: "complete" }).state);
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  const kilobytes = (most / ANSWERS / 1000).toFixed(1);
  return [what, (bytes / MB).toFixed(0), kilobytes, ((bytes * ANSWERS) / MB / seconds).toFixed(0), [...states].join()];
}

export function bombs(subjectOf: (name: string) => Subject): string {
  const plain = Buffer.concat([Buffer.from('{"data":"'), Buffer.alloc(200 * MB, "x")]);
  const subject = subjectOf("openai.chat/openai-chat");
  const rows = Object.entries(PACKERS).map(([coding, pack]) => {
    const bomb = coding === "br" ? zlib.brotliCompressSync(plain, LIGHT_BROTLI) : pack(plain);
    const start = performance.now();
    const state = passThrough(subject, slices(bomb, PIECE), coding);
    return [coding, String(bomb.length), (performance.now() - start).toFixed(1), state];
  });
  return markdownTable([["Bomb of 200 MB", "Bytes on the wire", "ms until it stopped", "read as"], ...rows]);
}

const LIGHT_BROTLI = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } };
