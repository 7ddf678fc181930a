import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { littleHeld } from "../harness/little-held.ts";
import { CHAT, EVENTS, MESSAGES, read } from "./observe.ts";

/** One frame of a generated stream, and the usage it reports. */
interface Frame {
  readonly text: string;
  readonly input?: number | undefined;
  readonly output?: number | undefined;
  readonly hasUsage?: boolean;
}

const counter = fc.oneof(
  fc.nat({ max: 1_000_000 }).map((count) => ({ json: String(count), count })),
  fc.nat({ max: 1_000_000 }).map((count) => ({ json: `${count}.0`, count })),
  fc.nat({ max: 1_000_000 }).map((count) => ({ json: `"${count}"`, count })),
  fc
    .constantFrom("-1", "1e308", "1e400", "null", "true", '"many"', "{}", "[5]", "1.5", "9007199254740994")
    .map((json) => ({
      json,
      count: undefined,
    })),
);

const usageFrame: fc.Arbitrary<Frame> = fc
  .record({ input: counter, output: counter, space: fc.constantFrom("", " "), pad: fc.constantFrom(0, 10, 30_000) })
  .map(({ input, output, space, pad }) => ({
    text: `{"id":"c1","model":"m","pad":"${"é".repeat(pad)}","choices":[],"usage":${space}{"prompt_tokens":${input.json},"nested":{"prompt_tokens":7},"completion_tokens":${output.json}}}`,
    input: input.count,
    output: output.count,
    hasUsage: true,
  }));

const otherFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }).map((content) => ({
    text: JSON.stringify({ id: "c1", model: "m", choices: [{ index: 0, delta: { content } }], usage: null }),
  })),
  fc
    .constantFrom(
      '{"id":"c1","model":"m","choices":[{"delta":{"content":"\\"usage\\":{\\"prompt_tokens\\":999999}"}}]}',
      '{"id":"c1","model":"m","choices":[{"usage":{"prompt_tokens":999999}}],"usage":null}',
      '{"id":"c1","model":"","choices":[]}',
      "{not json",
      '{"usage":"none"}',
      '{"usage":[{"prompt_tokens":999999}]}',
      "",
      "null",
      "12",
    )
    .map((text) => ({ text })),
);

const frames = fc.array(fc.oneof({ weight: 3, arbitrary: otherFrame }, { weight: 1, arbitrary: usageFrame }), {
  maxLength: 8,
});

const streamFormat = fc.record({
  end: fc.constantFrom("\n", "\r\n", "\r"),
  mark: fc.boolean(),
  comment: fc.constantFrom("", ": keep-alive\n\n", ':{"usage":{"prompt_tokens":999999}}\n', ":\n"),
  prefix: fc.constantFrom("data: ", "data:", "event: chunk\ndata: ", "id: 7\nretry: 10\ndata: "),
  split: fc.boolean(),
  done: fc.constantFrom(
    "data: [DONE]\n\n",
    "data:[DONE]  \n\n",
    'data: [DONE]\n\ndata: {"usage":{"prompt_tokens":999999}}\n\n',
  ),
});

test("R72: any stream in any format, split anywhere, has the last usage that was sent", () => {
  const property = fc.property(
    frames,
    streamFormat,
    fc.array(fc.nat({ max: 4000 }), { maxLength: 12 }),
    (list, format, cuts) => {
      const body = Buffer.from(streamText(list, format));
      const whole = read({ response: EVENTS, body });
      const last = list.findLast(({ hasUsage }) => hasUsage);
      assert.deepEqual([whole.usage?.inputTokens, whole.usage?.outputTokens], [last?.input, last?.output]);

      assert.deepEqual(read({ response: EVENTS, body: cutAt(body, cuts) }), whole);
      if (body.length < 3000) assert.deepEqual(read({ response: EVENTS, body: everySize(body, 1) }), whole);
      assert.deepEqual(read({ response: EVENTS, body: everySize(body, 7) }), whole);
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test("R72: any bytes, in any dialect and split anywhere, are read without an exception and with the same result", () => {
  const fragments = fc.array(
    fc.constantFrom(
      "data:",
      "event: message_start",
      "\n",
      "\r",
      " ",
      "{",
      "}",
      "[",
      "]",
      '"',
      "\\",
      ":",
      ",",
      "usage",
      "message",
      "1",
      "é",
      "\uFEFF",
    ),
    { maxLength: 60 },
  );
  const type = fc.constantFrom("text/event-stream", "application/json", "application/x-ndjson", undefined);
  const property = fc.property(
    fragments,
    type,
    fc.array(fc.nat({ max: 80 }), { maxLength: 6 }),
    (parts, contentType, cuts) => {
      const body = Buffer.from(parts.join(""));
      for (const request of [CHAT, MESSAGES]) {
        const whole = read({ request, requestBody: body, response: { contentType }, body });
        assert.notEqual(whole.reason, "observer_error");
        assert.deepEqual(
          read({ request, requestBody: body, response: { contentType }, body: cutAt(body, cuts) }),
          whole,
        );
      }
    },
  );
  fc.assert(property, { numRuns: 500 });
});

test("R72: any JSON value is read as JSON.parse reads it, wherever it is split", () => {
  const property = fc.property(fc.json(), fc.nat(), (usage, at) => {
    const body = Buffer.from(`{"before":${usage},"usage":{"prompt_tokens":3,"x":${usage}},"after":${usage}}`);
    const split = at % body.length;
    const reading = read({ body: [body.subarray(0, split), body.subarray(split)] });
    assert.equal(reading.usage?.inputTokens, 3);
    assert.deepEqual(
      { usage: reading.usage?.raw },
      { usage: JSON.parse(`{"prompt_tokens":3,"x":${usage}}`) as unknown },
    );
  });
  fc.assert(property, { numRuns: 500 });
});

test("R72: an event of 16 MB is read in constant memory", () => {
  const piece = Buffer.alloc(64 * 1024, "x");
  function* body(): Generator<Buffer> {
    yield Buffer.from('event: chunk\ndata: {"id":"c1","model":"m","pad":"');
    for (let count = 0; count < 256; count++) yield piece;
    yield Buffer.from('","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}\n\ndata: [DONE]\n\n');
  }
  const reading = read({ response: EVENTS, body: littleHeld(body()) });
  assert.deepEqual([reading.state, reading.usage?.inputTokens, reading.usage?.outputTokens], ["final", 9, 2]);
});

interface StreamFormat {
  readonly end: string;
  readonly mark: boolean;
  readonly comment: string;
  readonly prefix: string;
  readonly split: boolean;
  readonly done: string;
}

function streamText(list: readonly Frame[], { end, mark, comment, prefix, split, done }: StreamFormat): string {
  const text = list
    .map((frame) => {
      // JSON allows a line break between two members, which becomes a second data line in a stream.
      const data = split ? frame.text.replace(/,"(?=choices|usage|model)/, ',\ndata: "') : frame.text;
      return `${comment}${prefix}${data}\n\n`;
    })
    .join("");
  return `${mark ? "\uFEFF" : ""}${text}${comment}${done}`.replaceAll("\n", end);
}

function cutAt(body: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...cuts.filter((cut) => cut < body.length).toSorted((a, b) => a - b), body.length];
  return edges.slice(1).map((edge, index) => body.subarray(edges[index], edge));
}

function* everySize(body: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
}
