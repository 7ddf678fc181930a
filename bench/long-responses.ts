/** Measures the memory of observers during many long responses, and where they stop at a decompression bomb. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import zlib from "node:zlib";
import { boundariesOf } from "../test/corpus/boundaries.ts";
import { markdownTable } from "./markdown-table.ts";
import { observerAfterHead, MB, ENCODERS, observe, slices, type Subject } from "./observed-subject.ts";

/** Heap and external memory after a garbage collection. */
function memory(collectGarbage: () => void): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const RESPONSES = 100;
const RESPONSE_BYTES = 50 * MB;
/** Size of the compressed responses; shorter, because decoding is slow. */
const COMPRESSED_BYTES = 10 * MB;
const PIECE_BYTES = 65_000;

interface LongResponse {
  readonly name: string;
  readonly subject: Subject;
  /** Each piece goes to every observer before the next one. */
  readonly pieces: readonly Buffer[];
  readonly contentEncoding?: string;
}

export function memoryPerObserver(subjectOf: (name: string) => Subject): string {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void; // as: the flag above defines it
  const rows = longResponses(subjectOf).map((response) => measureMemory(response, collectGarbage));
  const head = [`${RESPONSES} responses at a time`, "MB each", "KB per observer", "MB/s in total", "read as"];
  return markdownTable([head, ...rows]);
}

function longResponses(subjectOf: (name: string) => Subject): readonly LongResponse[] {
  const json = subjectOf("openai.embeddings/a-large-one");
  const sse = subjectOf("openai.chat/openai-chat-stream");
  const { body } = sse.step.response;
  const first = boundariesOf(sse.step.response)[0]?.at;
  const [event, rest] = [body.subarray(0, first), body.subarray(first)];
  const head = Buffer.from('{"data":[{"embedding":"');
  const tail = Buffer.from('"}],"model":"m","usage":{"prompt_tokens":9,"total_tokens":9}}');
  const open = Buffer.from('data: {"id":"c1","model":"m","choices":[{"delta":{"content":"');
  const shut = Buffer.concat([Buffer.from('"}}]}\n\n'), rest]);
  const letters = Buffer.alloc(PIECE_BYTES, "A");
  const events = Buffer.concat(Array<Buffer>(Math.ceil(PIECE_BYTES / event.length)).fill(event));
  const repeated = (piece: Buffer): readonly Buffer[] =>
    Array<Buffer>(Math.ceil(RESPONSE_BYTES / piece.length)).fill(piece);
  const picture = json.step.response.body.subarray(100, 4 * MB);
  const long = Buffer.concat([
    head,
    ...Array<Buffer>(Math.ceil(COMPRESSED_BYTES / picture.length)).fill(picture),
    tail,
  ]);
  return [
    { name: "JSON, usage last", subject: json, pieces: [head, ...repeated(letters), tail] },
    { name: "event stream, usage last", subject: sse, pieces: [event, ...repeated(events), rest] },
    { name: "event stream of one event", subject: sse, pieces: [open, ...repeated(letters), shut] },
    ...["gzip", "br"].map((contentEncoding) => ({
      name: `JSON in ${contentEncoding}`,
      subject: json,
      pieces: slices(
        contentEncoding === "gzip" ? zlib.gzipSync(long, { level: 1 }) : zlib.brotliCompressSync(long, FAST_BROTLI),
        PIECE_BYTES,
      ),
      contentEncoding,
    })),
  ];
}

function measureMemory(
  { name, subject, pieces, contentEncoding }: LongResponse,
  collectGarbage: () => void,
): readonly string[] {
  observe(subject, pieces, contentEncoding); // Allocates what is shared by all observers before the measurement.
  const before = memory(collectGarbage);
  const observers = Array.from({ length: RESPONSES }, () => observerAfterHead(subject, contentEncoding));
  const start = performance.now();
  let highest = 0;
  for (const [index, piece] of pieces.entries()) {
    for (const observer of observers) observer.responseBytes(piece);
    if (index % Math.ceil(pieces.length / 4) === 1) highest = Math.max(highest, memory(collectGarbage) - before);
  }
  const seconds = (performance.now() - start) / 1000;
  const states = new Set<string>();
  for (const observer of observers) states.add(observer.finish({ kind: "complete" }).state);
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  const kilobytes = (highest / RESPONSES / 1000).toFixed(1);
  return [
    name,
    (bytes / MB).toFixed(0),
    kilobytes,
    ((bytes * RESPONSES) / MB / seconds).toFixed(0),
    [...states].join(),
  ];
}

export function decompressionBombs(subjectOf: (name: string) => Subject): string {
  const plain = Buffer.concat([Buffer.from('{"data":"'), Buffer.alloc(200 * MB, "x")]);
  const subject = subjectOf("openai.chat/openai-chat");
  const rows = Object.entries(ENCODERS).map(([coding, pack]) => {
    const bomb = coding === "br" ? zlib.brotliCompressSync(plain, FAST_BROTLI) : pack(plain);
    const start = performance.now();
    const state = observe(subject, slices(bomb, PIECE_BYTES), coding);
    return [coding, String(bomb.length), (performance.now() - start).toFixed(1), state];
  });
  return markdownTable([["Bomb of 200 MB", "Bytes on the wire", "ms until stopped", "read as"], ...rows]);
}

const FAST_BROTLI = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } };
