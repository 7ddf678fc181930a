import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { UsageReading } from "../../src/core/usage/usage.ts";
import type { ObservedRequest, ObservedResponse } from "../../src/usage/observe/observer.ts";
import { littleHeld } from "../harness/little-held.ts";
import { chunkFrame, eventFrame, exceptionFrame, frameOf, messageFrame, stringHeader } from "./event-stream-frames.ts";
import { CHAT, JSON_RESPONSE, read } from "./observe.ts";

const MIB = 1024 * 1024;
const CONVERSE: ObservedRequest = { ...CHAT, path: "/model/m/converse-stream" };
const INVOKE: ObservedRequest = { ...CHAT, path: "/model/m/invoke-with-response-stream" };
const FRAMES: ObservedResponse = { ...JSON_RESPONSE, contentType: "application/vnd.amazon.eventstream" };
const METADATA = '{"usage":{"inputTokens":5,"outputTokens":2,"totalTokens":7}}';
const LAST = '{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":5,"outputTokenCount":2}}';

function converse(body: Buffer | Iterable<Buffer>): UsageReading {
  return read({ request: CONVERSE, response: FRAMES, body });
}

function invoke(body: Buffer | Iterable<Buffer>): UsageReading {
  return read({ request: INVOKE, response: FRAMES, body });
}

function counters({ state, usage }: UsageReading): unknown {
  return [state, usage?.inputTokens, usage?.outputTokens];
}

test("headers of every type are skipped, in any order", () => {
  const filler = [0, 1, 2, 3, 4, 5, 8, 9].map((type) => {
    const length = [0, 0, 1, 2, 4, 8, 0, 0, 8, 16][type] ?? 0;
    return Buffer.concat([Buffer.from([2]), Buffer.from(`h${type}`), Buffer.from([type]), Buffer.alloc(length, 7)]);
  });
  const bytes = Buffer.concat([Buffer.from([1]), Buffer.from("b"), Buffer.from([6, 0, 3, 1, 2, 3])]);
  const named = [stringHeader(":message-type", "event"), stringHeader(":event-type", "metadata")];
  for (const headers of [
    [...filler, bytes, ...named],
    [...named, bytes, ...filler],
  ]) {
    const body = frameOf(Buffer.concat(headers), Buffer.from(METADATA));
    assert.deepEqual(counters(converse(body)), ["final", 5, 2]);
    assert.deepEqual(counters(converse(bytewise(body))), ["final", 5, 2]);
  }
});

test("an event whose type header has another name or type is not read", () => {
  const typed = Buffer.concat([Buffer.from([11]), Buffer.from(":event-type"), Buffer.from([4, 0, 0, 0, 1])]);
  const body = frameOf(Buffer.concat([stringHeader(":Event-Type", "metadata"), typed]), Buffer.from(METADATA));
  assert.deepEqual([converse(body).state, converse(body).reason], ["missing", "cut"]);
});

test("a frame without headers or payload is skipped", () => {
  const body = Buffer.concat([
    frameOf(Buffer.alloc(0), Buffer.alloc(0)),
    frameOf(Buffer.alloc(0), Buffer.from("{}")),
    eventFrame("initial-response", ""),
    eventFrame("metadata", METADATA),
  ]);
  assert.deepEqual(counters(converse(body)), ["final", 5, 2]);
  assert.deepEqual(counters(converse(bytewise(body))), ["final", 5, 2]);
});

test("an error message has its code as error type, and an exception without a type the message type", () => {
  const error = messageFrame({ ":message-type": "error", ":error-code": "InternalFailure", ":error-message": "x" }, "");
  assert.deepEqual([converse(error).reason, converse(error).errorType], ["error", "InternalFailure"]);
  const exception = messageFrame({ ":message-type": "exception" }, '{"message":"x"}');
  assert.equal(converse(exception).errorType, "exception");
});

test("a stream cut inside a frame keeps the counters before it", () => {
  const metadata = eventFrame("metadata", METADATA);
  const next = eventFrame("metadata", '{"usage":{"inputTokens":9}}');
  for (let end = 1; end < next.length - 60; end++) {
    const reading = converse(Buffer.concat([metadata, next.subarray(0, end)]));
    assert.deepEqual([counters(reading), reading.reason], [["partial", 5, 2], "cut"], `cut at ${end}`);
  }
});

const INVALID_FRAMES: Readonly<Record<string, (frame: Buffer) => void>> = {
  "a total shorter than its headers": (frame) => frame.writeUInt32BE(20, 0),
  "a total of zero": (frame) => frame.writeUInt32BE(0, 0),
  "a payload beyond 16 MiB": (frame) => frame.writeUInt32BE(17 * MIB, 0),
  "headers beyond 128 KiB": (frame) => frame.writeUInt32BE(129 * 1024, 4),
  "a length that does not match its checksum": (frame) => frame.writeUInt32BE(frame.readUInt32BE(0) + 1, 0),
  "a wrong checksum of the prelude": (frame) => frame.writeUInt32BE(frame.readUInt32BE(8) ^ 1, 8),
};

for (const [title, damage] of Object.entries(INVALID_FRAMES)) {
  test(`S43: nothing is read after ${title}, and the counters before it are kept`, () => {
    const damaged = eventFrame("metadata", '{"usage":{"inputTokens":999}}');
    damage(damaged);
    const valid = eventFrame("metadata", METADATA);
    for (const cut of [whole, bytewise]) {
      const reading = converse(cut(Buffer.concat([valid, damaged, valid])));
      assert.deepEqual([counters(reading), reading.reason], [["partial", 5, 2], "cut"]);
      assert.equal(converse(cut(Buffer.concat([damaged, valid]))).state, "missing");
    }
  });
}

test("S43: headers longer than their section stop the reading", () => {
  const headers = [
    Buffer.from([200, 0x3a]),
    Buffer.from([1, 0x61, 7, 255, 255]),
    Buffer.from([1, 0x61, 10]),
    Buffer.from([1, 0x61, 5, 0]),
    Buffer.from([1]),
    Buffer.from([1, 0x61, 7, 0]),
  ];
  for (const bytes of headers) {
    const body = Buffer.concat([frameOf(bytes, Buffer.from("{}")), eventFrame("metadata", METADATA)]);
    assert.deepEqual([converse(body).state, converse(body).reason], ["missing", "unparsable"]);
  }
});

test("S43: a payload of 12 MB is read in constant memory, plain and wrapped", () => {
  const pad = "x".repeat(12 * MIB);
  const plain = eventFrame("metadata", `{"pad":"${pad}","usage":{"inputTokens":5,"outputTokens":2}}`);
  const wrapped = chunkFrame(LAST.replace("{", `{"pad":"${pad.slice(3 * MIB)}",`));
  for (const [body, readBody] of [
    [plain, converse],
    [wrapped, invoke],
  ] as const) {
    assert.deepEqual(counters(readBody(littleHeld(inPieces(body, 16 * 1024)))), ["final", 5, 2]);
  }
});

test("S43: up to 128 KiB of headers are held", () => {
  const filler = Buffer.concat(Array.from({ length: 3 }, (_, at) => stringHeader(`h${at}`, "x".repeat(40_000))));
  const headers = Buffer.concat([
    filler,
    stringHeader(":message-type", "event"),
    stringHeader(":event-type", "metadata"),
  ]);
  assert.deepEqual(counters(converse(bytewise(frameOf(headers, Buffer.from(METADATA))))), ["final", 5, 2]);
});

test("S43: a document a million levels deep inside a chunk does not stop the reading", () => {
  const deep = `{"usage":${'{"a":'.repeat(1_000_000)}1${"}".repeat(1_000_000)}}`;
  const body = Buffer.concat([chunkFrame(deep), chunkFrame(LAST)]);
  assert.deepEqual(counters(invoke(inPieces(body, 1000))), ["final", 5, 2]);
});

test("a chunk is unwrapped with any members around it and any content", () => {
  const base64 = Buffer.from(LAST).toString("base64");
  const payloads = [
    `{"p":"\\"bytes\\":\\"e30=\\"","bytes":"${base64}"}`,
    ` { "bytes" : "${base64}" } `,
    `{"x":{"bytes":"e30="},"bytes":"${base64.replaceAll("/", "\\/")}"}`,
    `{"bytes":"${base64.replaceAll("=", "")}","p":"abc"}`,
  ];
  for (const payload of payloads) {
    const body = eventFrame("chunk", payload);
    assert.deepEqual(counters(invoke(body)), ["final", 5, 2], payload);
    assert.deepEqual(counters(invoke(bytewise(body))), ["final", 5, 2], payload);
  }
  for (const payload of ['{"bytes":7}', '{"bytes":{}}', '{"bytes":"!!!"}', "{}", "[]", '"', '{"bytes":"e30', "{{"]) {
    const body = Buffer.concat([eventFrame("chunk", payload), chunkFrame(LAST)]);
    assert.deepEqual(counters(invoke(body)), ["final", 5, 2], payload);
  }
});

test("the text of a stream without counters is counted inside its frames, the same wherever it is split", () => {
  const text = "The sea is deep and wide, and full of fish. ".repeat(5);
  const delta = JSON.stringify({ type: "content_block_delta", delta: { type: "text_delta", text } });
  const bodies = [
    [CONVERSE, Buffer.concat([eventFrame("contentBlockDelta", `{"delta":{"text":"${text}"}}`)])],
    [INVOKE, chunkFrame(delta)],
    [INVOKE, chunkFrame(delta.replace("{", `{"pad":"${"x".repeat(40_000)}",`))],
  ] as const;
  for (const [request, frame] of bodies) {
    const estimate = (body: Iterable<Buffer>): number | undefined =>
      read({ request: { ...request, estimate: true }, response: FRAMES, body }).estimatedOutputTokens;
    const whole = estimate([frame]);
    assert.ok(whole !== undefined && whole > 30 && whole < 80, `${whole} tokens`);
    assert.equal(estimate(inPieces(frame, 7)), whole);
    assert.equal(estimate([frame.subarray(0, 30), frame.subarray(30)]), whole);
    assert.equal(estimate([Buffer.concat([frame, frame])]), estimate([frame, frame]));
  }
});

test("S43: no name in a frame reaches a prototype", () => {
  const names = ["__proto__", "constructor", "toString"];
  const body = Buffer.concat(
    names.flatMap((name) => [
      eventFrame(name, `{"${name}":{"usage":{"polluted":1}},"usage":{"${name}":{"polluted":1}}}`),
      exceptionFrame(name, "{}"),
      chunkFrame(`{"${name}":{"polluted":1},"amazon-bedrock-invocationMetrics":{"${name}":{"polluted":1}}}`),
    ]),
  );
  converse(body);
  invoke(body);
  assert.equal("polluted" in {}, false);
});

const someFrame = fc.oneof(
  fc.constant(eventFrame("metadata", METADATA)),
  fc.constant(chunkFrame(LAST)),
  fc.constant(chunkFrame('{"type":"message_start","message":{"usage":{"input_tokens":3}}}')),
  fc.constant(exceptionFrame("throttlingException", "{}")),
  fc.json().map((json) => eventFrame("metadata", json)),
  fc.json().map((json) => chunkFrame(json)),
  fc.string().map((text) => eventFrame("chunk", text)),
  fc.nat({ max: 40_000 }).map((length) => eventFrame("contentBlockDelta", `{"delta":"${"x".repeat(length)}"}`)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => frameOf(Buffer.from(bytes), Buffer.from(METADATA))),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);

test("R72: any frames, damaged and split anywhere, are read without an exception and with the same result", () => {
  const damage = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) });
  const property = fc.property(
    fc.array(someFrame, { maxLength: 6 }),
    fc.array(damage, { maxLength: 3 }),
    fc.nat(),
    fc.array(fc.nat({ max: 2000 }), { maxLength: 8 }),
    (frames, damages, end, cuts) => {
      const all = Buffer.concat(frames);
      for (const { at, byte } of damages) if (all.length > 0) all[at % all.length] = byte;
      const body = all.subarray(0, end % 4 === 0 ? end % (all.length + 1) : all.length);
      for (const readBody of [converse, invoke]) {
        const reading = readBody(body);
        assert.notEqual(reading.reason, "observer_error");
        assert.deepEqual(readBody(cutAt(body, cuts)), reading);
        if (body.length < 3000) assert.deepEqual(readBody(bytewise(body)), reading);
      }
    },
  );
  fc.assert(property, { numRuns: 400 });
});

function whole(body: Buffer): Buffer[] {
  return [body];
}

function bytewise(body: Buffer): Iterable<Buffer> {
  return inPieces(body, 1);
}

function* inPieces(body: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
}

function cutAt(body: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...cuts.filter((cut) => cut < body.length).toSorted((a, b) => a - b), body.length];
  return edges.slice(1).map((edge, index) => body.subarray(edges[index], edge));
}
