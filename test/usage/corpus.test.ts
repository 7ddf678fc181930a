// Every exchange of the corpus handed to the readers alone: whole, byte by byte, cut in two at every position, and in every
// line end and coding cut at many. What each must leave is said by its file.
import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import type { Step } from "../corpus/exchange.ts";
import { counterDifferences, differences } from "../corpus/expected.ts";
import { boundariesOf } from "../corpus/boundaries.ts";
import { loadCorpus } from "../corpus/load.ts";
import { observe, readingOf } from "../corpus/observed.ts";
import { assertSound } from "../harness/record-schema.ts";

interface Named {
  readonly name: string;
  readonly step: Step;
}

/** A replay is known as such only by the ledger, which has seen what came before. */
const all: readonly Named[] = loadCorpus().flatMap(({ name, exchange: { steps } }) =>
  steps.slice(0, 1).map((step) => ({ name, step })),
);
/** Longer bodies are cut where `npm run accuracy` cuts them. */
const short = all.filter(({ step }) => step.response.body.length <= 4_096);
const plain = short.filter(({ step }) => step.response.fields.every(([name]) => name !== "content-encoding"));
const streams = plain.filter(({ step }) => typeOf(step).startsWith("text/event-stream"));

for (const { name, step } of all) {
  test(`${name} is read as its file says`, () => {
    const record = observe(step, { pieces: [step.response.body] });
    assert.deepEqual(differences(record, step.record), []);
    assertSound({ ...record, lmgate_id: "k" });
  });
}

test("every answer is read the same byte by byte and cut in two at every position", () => {
  for (const exchange of short) everyCut(exchange, exchange.step.response.body, undefined);
});

test("every event stream is read the same with CRLF, LF and CR line ends, at many cuts", () => {
  for (const exchange of streams) {
    const text = exchange.step.response.body.toString().replaceAll("\r\n", "\n");
    for (const end of ["\n", "\r\n", "\r"]) manyCuts(exchange, Buffer.from(text.replaceAll("\n", end)), undefined);
  }
});

test("every event stream is read the same behind a byte order mark, at many cuts", () => {
  const mark = Buffer.from([0xef, 0xbb, 0xbf]);
  for (const exchange of streams) manyCuts(exchange, Buffer.concat([mark, exchange.step.response.body]), undefined);
});

test("an event stream without its last empty line or line end is read the same", () => {
  for (const exchange of streams) {
    agree(exchange, [Buffer.from(exchange.step.response.body.toString().trimEnd())], undefined, "trimmed");
  }
});

test("behind every event, the counters are those that were on the wire by then", () => {
  for (const { name, step } of all.filter((each) => each.step.record["usage_state"] !== "replay")) {
    for (const { at, counters } of boundariesOf(step.response)) {
      const record = observe(step, { pieces: [step.response.body.subarray(0, at)], end: "aborted" });
      assert.deepEqual(counterDifferences(record, counters), [], `${name} left at ${at}`);
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
  test(`every event stream is read the same in ${coding}, cut in two at many positions`, () => {
    for (const exchange of streams) manyCuts(exchange, encode(exchange.step.response.body), coding);
  });

  test(`every answer is read the same in ${coding}`, () => {
    for (const exchange of plain) agree(exchange, [encode(exchange.step.response.body)], coding, "complete");
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

/** The first bytes, where codings and marks are told apart, one by one; of the rest every thirteenth. */
function manyCuts(exchange: Named, body: Buffer, contentEncoding: string | undefined): void {
  agree(exchange, bytewise(body), contentEncoding, "byte by byte");
  for (let at = 1; at < body.length; at += at < 16 ? 1 : 13) {
    agree(exchange, [body.subarray(0, at), body.subarray(at)], contentEncoding, at);
  }
}

function everyCut(exchange: Named, body: Buffer, contentEncoding: string | undefined): void {
  agree(exchange, [body], contentEncoding, "complete");
  agree(exchange, bytewise(body), contentEncoding, "byte by byte");
  for (let at = 1; at < body.length; at++) {
    agree(exchange, [body.subarray(0, at), body.subarray(at)], contentEncoding, at);
  }
}

const asWhole = new Map<string, string>();

/** Compared with the reading of the whole body, which the first tests compare with what its file says. */
function agree(
  { name, step }: Named,
  pieces: Iterable<Buffer>,
  contentEncoding: string | undefined,
  cut: number | string,
): void {
  let whole = asWhole.get(name);
  if (whole === undefined) {
    whole = JSON.stringify(readingOf(step, { pieces: [step.response.body] }));
    asWhole.set(name, whole);
  }
  const text = JSON.stringify(readingOf(step, { pieces, contentEncoding }));
  if (text !== whole) assert.fail(`${name} cut at ${cut}: ${text} instead of ${whole}`);
}

function* bytewise(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at++) yield body.subarray(at, at + 1);
}
