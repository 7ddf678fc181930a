import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { type RequestFacts, RequestReader } from "./request-reader.ts";

const MIB = 1024 * 1024;

function facts(
  pieces: readonly (Buffer | string)[],
  contentType = "application/json",
  encoding?: string,
): RequestFacts {
  const reader = new RequestReader(contentType, encoding);
  for (const piece of pieces) reader.push(Buffer.from(piece));
  return reader.end();
}

const BODY =
  '{"messages":[{"model":"no","stream":true}],"model":"gpt-x","stream":true,"stream_options":{"include_usage":true}}';
const EXPECTED = { model: "gpt-x", stream: true, includeUsage: true, background: false };

test("model, stream and its options are read wherever the body is cut", () => {
  for (let at = 0; at <= BODY.length; at++) assert.deepEqual(facts([BODY.slice(0, at), BODY.slice(at)]), EXPECTED);
});

test("a compressed request is read from a copy", () => {
  for (const [coding, bytes] of [
    ["gzip", zlib.gzipSync(BODY)],
    ["zstd", zlib.zstdCompressSync(BODY)],
  ] as const) {
    assert.deepEqual(facts([bytes.subarray(0, 9), bytes.subarray(9)], undefined, coding), EXPECTED);
  }
});

test("a model behind long messages is found, but not behind a megabyte", () => {
  const image = (size: number): string => `{"messages":"${"x".repeat(size)}","model":"gpt-x"}`;
  assert.equal(facts([image(900 * 1024)]).model, "gpt-x");
  assert.equal(facts([image(MIB)]).model, undefined);
});

test("members of another kind than expected are unknown", () => {
  const odd = '{"model":5,"stream":"yes","stream_options":"all","background":1}';
  assert.deepEqual(facts([odd]), { model: undefined, stream: undefined, includeUsage: undefined, background: false });
});

test("a torn body still gives what it had", () =>
  assert.equal(facts(['{"model":"gpt-x","messages":[']).model, "gpt-x"));

const FORM = [
  "--b\r\n",
  'Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n',
  '\u0000\u0001name="model"\r\n\r\nnot this\r\n',
  "\r\n--b\r\n",
  'Content-Disposition: form-data; name="model"\r\n\r\nwhisper-x\r\n--b--\r\n',
].join("");

test("the model field of a form is found behind a file, wherever the body is cut", () => {
  const form = Buffer.from(FORM);
  for (let at = 0; at <= form.length; at++) {
    const pieces = [form.subarray(0, at), form.subarray(at)];
    assert.equal(facts(pieces, "multipart/form-data; boundary=b").model, "whisper-x", String(at));
  }
});

test("a form without the field has no model", () => {
  assert.equal(facts(["--b\r\n\r\n--b--"], "multipart/form-data; boundary=b").model, undefined);
});
