import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { type RequestParameters, RequestReader } from "./request-reader.ts";
import { DecoderPool } from "../decode/decoder-pool.ts";

const MIB = 1024 * 1024;

function facts(
  pieces: readonly (Buffer | string)[],
  contentType = "application/json",
  encoding?: string,
): Omit<RequestParameters, "textTokens"> & { readonly textTokens: number | undefined } {
  const reader = new RequestReader({ contentType, contentEncoding: encoding, text: undefined }, new DecoderPool());
  for (const piece of pieces) reader.push(Buffer.from(piece));
  const { textTokens, ...rest } = reader.end();
  return { ...rest, textTokens: textTokens() };
}

const BODY =
  '{"messages":[{"model":"no","stream":true}],"model":"gpt-x","stream":true,"stream_options":{"include_usage":true}}';
const EXPECTED = {
  model: "gpt-x",
  stream: true,
  includeUsage: true,
  background: false,
  textTokens: undefined,
};

test("model, stream and its options are read wherever the body is cut", () => {
  for (let at = 0; at <= BODY.length; at++) assert.deepEqual(facts([BODY.slice(0, at), BODY.slice(at)]), EXPECTED);
});

test("a compressed request is read from a copy, in every coding and in several on top of each other", () => {
  const codings: readonly (readonly [coding: string, bytes: Buffer])[] = [
    ["gzip", zlib.gzipSync(BODY)],
    ["x-gzip", zlib.gzipSync(BODY)],
    ["br", zlib.brotliCompressSync(BODY)],
    ["deflate", zlib.deflateSync(BODY)],
    ["deflate", zlib.deflateRawSync(BODY)],
    ["zstd", zlib.zstdCompressSync(BODY)],
    ["gzip, br", zlib.brotliCompressSync(zlib.gzipSync(BODY))],
  ];
  for (const [coding, bytes] of codings) {
    for (const at of [0, 1, 9, bytes.length - 1, bytes.length]) {
      assert.deepEqual(facts([bytes.subarray(0, at), bytes.subarray(at)], undefined, coding), EXPECTED, coding);
    }
  }
});

test("a coding nobody knows, and a body that is not in the coding it names, leave everything unknown", () => {
  assert.equal(facts([BODY], undefined, "lzma").model, undefined);
  assert.equal(facts([BODY], undefined, "gzip").model, undefined);
});

test("a bomb in a request is given up", () => {
  const bomb = zlib.gzipSync(Buffer.concat([Buffer.alloc(64 * MIB, " "), Buffer.from(BODY)]));
  assert.equal(facts([bomb], undefined, "gzip").model, undefined);
});

test("a model behind the images of a long conversation is found, but not behind 32 MB", () => {
  const image = "x".repeat(MIB);
  const found = (megabytes: number): string | undefined =>
    facts(['{"messages":"', ...Array.from({ length: megabytes }, () => image), '","model":"gpt-x"}']).model;
  assert.equal(found(20), "gpt-x");
  assert.equal(found(32), undefined);
});

test("members of another kind than expected are unknown", () => {
  const odd = '{"model":5,"stream":"yes","stream_options":"all","background":1}';
  assert.deepEqual(facts([odd]), { ...EXPECTED, model: undefined, stream: undefined, includeUsage: undefined });
});

test("a invalid body still gives what it had", () =>
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

test("a form says whether it asks for a stream", () => {
  const asking = (value: string): boolean | undefined =>
    facts(
      [`--b\r\nContent-Disposition: form-data; name="stream"\r\n\r\n${value}\r\n--b--`],
      'multipart/form-data; boundary="b"',
    ).stream;
  assert.deepEqual([asking("true"), asking("false"), asking("")], [true, false, undefined]);
});

test("the model field of a form is found behind a file of 100 MB", () => {
  const [head = "", tail = ""] = FORM.split("\u0000\u0001");
  const form = { contentType: "multipart/form-data; boundary=b", contentEncoding: undefined, text: undefined };
  const reader = new RequestReader(form, new DecoderPool());
  reader.push(Buffer.from(head));
  const piece = Buffer.alloc(64 * 1024, 1);
  for (let n = 0; n < 1600; n++) reader.push(piece);
  reader.push(Buffer.from(tail));
  assert.equal(reader.end().model, "whisper-x");
});

test("a form inside a file of a form is no field of it", () => {
  const inner = 'Content-Disposition: form-data; name="model"\r\n\r\nnot-this\r\n--inner--\r\n';
  const form = FORM.replace("\u0000\u0001", inner);
  assert.equal(facts([form], "multipart/form-data; boundary=b").model, "whisper-x");
});

test("a form without the field has no model", () => {
  assert.equal(facts(["--b\r\n\r\n--b--"], "multipart/form-data; boundary=b").model, undefined);
});
