// Reads every exchange of the corpus without a gateway: whole, byte by byte, split in two at every position, and with every line
// end and content coding, split at many positions. The files contain the expected records.
import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import type { Step } from "../corpus/exchange.ts";
import { counterDifferences, differences } from "../corpus/expected.ts";
import { boundariesOf } from "../corpus/boundaries.ts";
import { loadCorpus } from "../corpus/load.ts";
import { observe, readingOf } from "../corpus/observed.ts";
import { rounds, sampled } from "../harness/sampling.ts";
import { assertValid } from "../harness/record-schema.ts";

interface Named {
  readonly name: string;
  readonly step: Step;
}

/** Only first requests, because only the ledger recognizes a replay. */
const all: readonly Named[] = loadCorpus().flatMap(({ name, exchange: { steps } }) =>
  steps.slice(0, 1).map((step) => ({ name, step })),
);
/** `npm run accuracy` splits the longer bodies. */
const short = all.filter(({ step }) => step.response.body.length <= 4_096);
const uncompressed = short.filter(({ step }) => step.response.fields.every(([name]) => name !== "content-encoding"));
const streams = uncompressed.filter(({ step }) => typeOf(step).startsWith("text/event-stream"));

for (const { name, step } of all) {
  test(`${name} is read as in its file`, () => {
    const record = observe(step, { pieces: [step.response.body] });
    assert.deepEqual(differences(record, step.record), []);
    assertValid({ ...record, lmgate_id: "k" });
  });
}

test("every response is read the same byte by byte and split in two at every position", () => {
  for (const exchange of short) everyCut(exchange, exchange.step.response.body, undefined);
});

test("every event stream is read the same with CRLF, LF and CR line ends, split at many positions", () => {
  for (const exchange of streams) {
    const text = exchange.step.response.body.toString().replaceAll("\r\n", "\n");
    for (const end of ["\n", "\r\n", "\r"]) manyCuts(exchange, Buffer.from(text.replaceAll("\n", end)), undefined);
  }
});

test("every event stream is read the same after a byte order mark, split at many positions", () => {
  const mark = Buffer.from([0xef, 0xbb, 0xbf]);
  for (const exchange of streams) manyCuts(exchange, Buffer.concat([mark, exchange.step.response.body]), undefined);
});

test("an event stream without its last empty line or line end is read the same", () => {
  for (const exchange of streams) {
    assertSameReading(exchange, [Buffer.from(exchange.step.response.body.toString().trimEnd())], undefined, "trimmed");
  }
});

test("after every event, the counters are those sent up to it", () => {
  for (const { name, step } of all.filter((each) => each.step.record["usage_state"] !== "replay")) {
    for (const { at, counters } of boundariesOf(step.response)) {
      const record = observe(step, { pieces: [step.response.body.subarray(0, at)], end: "aborted" });
      assert.deepEqual(counterDifferences(record, counters), [], `${name} aborted at ${at}`);
    }
  }
});

const CODINGS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => zlib.gzipSync(bytes),
  "x-gzip": (bytes) => zlib.gzipSync(bytes, { level: 1 }),
  deflate: (bytes) => zlib.deflateSync(bytes),
  Deflate: (bytes) => zlib.deflateRawSync(bytes),
  br: (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }),
  zstd: (bytes) => zlib.zstdCompressSync(bytes),
  "gzip, br": (bytes) => zlib.brotliCompressSync(zlib.gzipSync(bytes)),
};

for (const [coding, encode] of Object.entries(CODINGS)) {
  test(`every event stream is read the same in ${coding}, split in two at many positions`, () => {
    for (const exchange of streams) manyCuts(exchange, encode(exchange.step.response.body), coding);
  });

  test(`every response is read the same in ${coding}`, () => {
    for (const exchange of uncompressed)
      assertSameReading(exchange, [encode(exchange.step.response.body)], coding, "complete");
  });
}

test("bodies of several gzip members or zstd frames are read to their end", () => {
  for (const exchange of streams) {
    const { body } = exchange.step.response;
    const halves = [body.subarray(0, body.length >> 1), body.subarray(body.length >> 1)];
    manyCuts(exchange, Buffer.concat(halves.map((half) => zlib.gzipSync(half))), "gzip");
    manyCuts(exchange, Buffer.concat(halves.map((half) => zlib.zstdCompressSync(half))), "zstd");
  }
});

function typeOf({ response }: Step): string {
  return response.fields.find(([name]) => name === "content-type")?.[1] ?? "";
}

/** Splits at each of the first bytes, which identify codings and marks, and at some of the rest. */
function manyCuts(exchange: Named, body: Buffer, contentEncoding: string | undefined): void {
  assertSameReading(exchange, bytewise(body), contentEncoding, "byte by byte");
  for (let at = 1; at < body.length; at += at < 16 ? 1 : rounds(13, 61)) {
    assertSameReading(exchange, [body.subarray(0, at), body.subarray(at)], contentEncoding, at);
  }
}

function everyCut(exchange: Named, body: Buffer, contentEncoding: string | undefined): void {
  assertSameReading(exchange, [body], contentEncoding, "complete");
  assertSameReading(exchange, bytewise(body), contentEncoding, "byte by byte");
  const cuts = Array.from({ length: Math.max(0, body.length - 1) }, (_, before) => before + 1);
  for (const at of sampled(cuts, 5)) {
    assertSameReading(exchange, [body.subarray(0, at), body.subarray(at)], contentEncoding, at);
  }
}

const wholeReadings = new Map<string, string>();

/** Compares with the reading of the whole body, which the first tests compare with the file. */
function assertSameReading(
  { name, step }: Named,
  pieces: Iterable<Buffer>,
  contentEncoding: string | undefined,
  cut: number | string,
): void {
  let whole = wholeReadings.get(name);
  if (whole === undefined) {
    whole = JSON.stringify(readingOf(step, { pieces: [step.response.body] }));
    wholeReadings.set(name, whole);
  }
  const text = JSON.stringify(readingOf(step, { pieces, contentEncoding }));
  if (text !== whole) assert.fail(`${name} split at ${cut}: ${text} instead of ${whole}`);
}

function* bytewise(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at++) yield body.subarray(at, at + 1);
}
