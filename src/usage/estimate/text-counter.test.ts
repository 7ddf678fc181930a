import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenEstimator } from "./token-estimator.ts";
import { textMembersOf } from "./text-members.ts";
import { TextCounter } from "./text-counter.ts";

const CHAT = textMembersOf("openai.chat");
assert.ok(CHAT?.stream);
const SENT = CHAT.request;
const STREAMED = CHAT.stream;

/** The estimate of a text by itself. */
function alone(text: string): number {
  const counts = new TokenEstimator();
  const bytes = Buffer.from(text);
  counts.add(bytes, 0, bytes.length);
  return counts.tokens;
}

function metered(members: RegExp, pieces: readonly (string | Buffer)[]): number {
  const meter = new TextCounter(members);
  for (const piece of pieces) {
    const bytes = Buffer.from(piece);
    meter.push(bytes, 0, bytes.length);
  }
  return meter.tokens;
}

const TEXT = "The quick brown fox jumps over the lazy dog, twice: über Zäune, через забор, 東京の犬を越えて。";

test("the text of a member is measured, and nothing around it", () => {
  const body = JSON.stringify({
    id: "c-123456789",
    choices: [{ message: { role: "assistant", content: TEXT } }],
    x: TEXT,
  });
  assert.equal(metered(STREAMED, [body]), alone(TEXT));
});

test("the measure is the same wherever the bytes are cut", () => {
  const body = Buffer.from(
    `data: {"a":"b","delta":{"content":"one \\"two\\" three\\n"}}\n\ndata: {"content": "four\\\\"}\n\n`,
  );
  const whole = metered(STREAMED, [body]);
  assert.ok(whole >= 5 && whole <= 9, String(whole));
  for (let at = 0; at <= body.length; at++) {
    assert.equal(metered(STREAMED, [body.subarray(0, at), body.subarray(at)]), whole, `cut at ${at}`);
  }
  assert.equal(
    metered(
      STREAMED,
      Array.from(body, (_, at) => body.subarray(at, at + 1)),
    ),
    whole,
    "byte by byte",
  );
});

test("text that looks like a member is text", () => {
  const inner = JSON.stringify({ content: "x ".repeat(500) });
  assert.ok(Math.abs(metered(STREAMED, [JSON.stringify({ other: inner })])) === 0);
});

test("a list of strings is measured whole, and what follows it is not", () => {
  const body = JSON.stringify({ input: [TEXT, TEXT], stop: [TEXT], user: TEXT });
  assert.equal(metered(SENT, [body]), alone(TEXT + TEXT));
});

test("images in a request are not taken for text", () => {
  const image = { type: "image_url", image_url: { url: `data:image/png;base64,${"A1b2".repeat(50_000)}` } };
  assert.ok(metered(SENT, [JSON.stringify({ messages: [{ role: "user", content: [image] }] })]) < 5);
});

test("text far behind an image is found, wherever the bytes are cut", () => {
  const body = Buffer.from(
    `{"image_url":{"url":"${"A1b2".repeat(5_000)}"},"n":[${"1,".repeat(9_000)}1],"content":"${TEXT}"}`,
  );
  const behind = body.length - Buffer.byteLength(TEXT);
  for (let at = behind - 60; at < body.length; at++) {
    assert.equal(metered(STREAMED, [body.subarray(0, at), body.subarray(at)]), alone(TEXT), `cut at ${at}`);
  }
});

test("characters written as escapes weigh as much as the characters", () => {
  const text = "Привет, мир! 東京 مرحبا नमस्ते";
  const escaped = text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  assert.equal(metered(STREAMED, [`{"content":"${escaped}"}`]), alone(text));
});

test("a megabyte is measured by samples that lie at the same places wherever it is cut, and come out near the whole", () => {
  const times = 8_000;
  const body = Buffer.from(`{"content":"${`${TEXT} `.repeat(times)}"}`);
  const sampled = metered(STREAMED, [body]);
  const whole = (alone(`${TEXT} `.repeat(20)) / 20) * times;
  assert.ok(Math.abs(sampled / whole - 1) < 0.05, `${sampled} and ${whole}`);
  for (const size of [97, 1_000, 5_003, 65_536]) {
    const pieces = Array.from({ length: Math.ceil(body.length / size) }, (_, at) =>
      body.subarray(at * size, (at + 1) * size),
    );
    assert.equal(metered(STREAMED, pieces), sampled, `pieces of ${size}`);
  }
});

test("what waits to be measured is a copy, since decoders use their buffers again", () => {
  const meter = new TextCounter(STREAMED);
  const buffer = Buffer.alloc(100);
  for (const piece of ['{"content":"one ', "two ", 'three"}']) {
    meter.push(buffer, 0, buffer.write(piece));
  }
  assert.equal(meter.tokens, alone("one two three"));
});

test("any bytes at all are measured without an exception, as some number", () => {
  let seed = 1;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) & 255;
  for (let round = 0; round < 200; round++) {
    const noise = Buffer.from(Array.from({ length: 300 }, random));
    const tokens = metered(STREAMED, ['{"content":"', noise, "\\u12", "\\", '"}']);
    assert.ok(Number.isSafeInteger(tokens) && tokens >= 0);
  }
});
