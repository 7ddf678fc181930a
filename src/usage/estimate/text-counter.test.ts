import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenEstimator } from "./token-estimator.ts";
import { TextCounter } from "./text-counter.ts";

const IN_REQUEST = /"(?:content|text|input)":\s{0,2}(?:\[\s{0,2})?"/g;
const IN_STREAM = /"(?:content|reasoning|arguments)":\s{0,2}(?:\[\s{0,2})?"/g;

/** The estimate of a text outside JSON. */
function countAlone(text: string): number {
  const counts = new TokenEstimator();
  const bytes = Buffer.from(text);
  counts.add(bytes, 0, bytes.length);
  return counts.tokens;
}

function countIn(members: RegExp, pieces: readonly (string | Buffer)[]): number {
  const counter = new TextCounter(members);
  for (const piece of pieces) {
    const bytes = Buffer.from(piece);
    counter.push(bytes, 0, bytes.length);
  }
  return counter.tokens;
}

const TEXT = "The quick brown fox jumps over the lazy dog, twice: über Zäune, через забор, 東京の犬を越えて。";

test("only the text of the wanted members is counted", () => {
  const body = JSON.stringify({
    id: "c-123456789",
    choices: [{ message: { role: "assistant", content: TEXT } }],
    x: TEXT,
  });
  assert.equal(countIn(IN_STREAM, [body]), countAlone(TEXT));
});

test("the count is the same wherever the bytes are split", () => {
  const body = Buffer.from(
    `data: {"a":"b","delta":{"content":"one \\"two\\" three\\n"}}\n\ndata: {"content": "four\\\\"}\n\n`,
  );
  const whole = countIn(IN_STREAM, [body]);
  assert.ok(whole >= 5 && whole <= 9, String(whole));
  for (let at = 0; at <= body.length; at++) {
    assert.equal(countIn(IN_STREAM, [body.subarray(0, at), body.subarray(at)]), whole, `cut at ${at}`);
  }
  assert.equal(
    countIn(
      IN_STREAM,
      Array.from(body, (_, at) => body.subarray(at, at + 1)),
    ),
    whole,
    "byte by byte",
  );
});

test("text that looks like a member is not counted as one", () => {
  const inner = JSON.stringify({ content: "x ".repeat(500) });
  assert.ok(Math.abs(countIn(IN_STREAM, [JSON.stringify({ other: inner })])) === 0);
});

test("all strings of a list are counted, and nothing after it", () => {
  const body = JSON.stringify({ input: [TEXT, TEXT], stop: [TEXT], user: TEXT });
  assert.equal(countIn(IN_REQUEST, [body]), countAlone(TEXT + TEXT));
});

test("images in a request are not counted", () => {
  const image = { type: "image_url", image_url: { url: `data:image/png;base64,${"A1b2".repeat(50_000)}` } };
  assert.ok(countIn(IN_REQUEST, [JSON.stringify({ messages: [{ role: "user", content: [image] }] })]) < 5);
});

test("text far after an image is found, wherever the bytes are split", () => {
  const body = Buffer.from(
    `{"image_url":{"url":"${"A1b2".repeat(5_000)}"},"n":[${"1,".repeat(9_000)}1],"content":"${TEXT}"}`,
  );
  const textStart = body.length - Buffer.byteLength(TEXT);
  for (let at = textStart - 60; at < body.length; at++) {
    assert.equal(countIn(IN_STREAM, [body.subarray(0, at), body.subarray(at)]), countAlone(TEXT), `cut at ${at}`);
  }
});

test("escaped characters count as much as the characters", () => {
  const text = "Привет, мир! 東京 مرحبا नमस्ते";
  const escaped = text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  assert.equal(countIn(IN_STREAM, [`{"content":"${escaped}"}`]), countAlone(text));
});

test("a megabyte is sampled at the same offsets wherever it is split, and the count is within 5 % of the full one", () => {
  const times = 8_000;
  const body = Buffer.from(`{"content":"${`${TEXT} `.repeat(times)}"}`);
  const counted = countIn(IN_STREAM, [body]);
  const whole = (countAlone(`${TEXT} `.repeat(20)) / 20) * times;
  assert.ok(Math.abs(counted / whole - 1) < 0.05, `${counted} and ${whole}`);
  for (const size of [97, 1_000, 5_003, 65_536]) {
    const pieces = Array.from({ length: Math.ceil(body.length / size) }, (_, at) =>
      body.subarray(at * size, (at + 1) * size),
    );
    assert.equal(countIn(IN_STREAM, pieces), counted, `pieces of ${size}`);
  }
});

test("the bytes kept for later are a copy, because decoders reuse their buffers", () => {
  const counter = new TextCounter(IN_STREAM);
  const buffer = Buffer.alloc(100);
  for (const piece of ['{"content":"one ', "two ", 'three"}']) {
    counter.push(buffer, 0, buffer.write(piece));
  }
  assert.equal(counter.tokens, countAlone("one two three"));
});

test("any bytes are counted without an exception", () => {
  let seed = 1;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) & 255;
  for (let round = 0; round < 200; round++) {
    const noise = Buffer.from(Array.from({ length: 300 }, random));
    const tokens = countIn(IN_STREAM, ['{"content":"', noise, "\\u12", "\\", '"}']);
    assert.ok(Number.isSafeInteger(tokens) && tokens >= 0);
  }
});
