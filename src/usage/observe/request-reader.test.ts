import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { type RequestParameters, RequestReader } from "./request-reader.ts";
import { DecoderPool } from "../decode/decoder-pool.ts";

const MIB = 1024 * 1024;

function parametersOf(
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

test("model, stream and its options are read wherever the body is split", () => {
  for (let at = 0; at <= BODY.length; at++)
    assert.deepEqual(parametersOf([BODY.slice(0, at), BODY.slice(at)]), EXPECTED);
});

test("a compressed request is read in every coding and in nested codings", () => {
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
      assert.deepEqual(parametersOf([bytes.subarray(0, at), bytes.subarray(at)], undefined, coding), EXPECTED, coding);
    }
  }
});

test("an unknown coding, or a body in another coding than declared, leaves every parameter unknown", () => {
  assert.equal(parametersOf([BODY], undefined, "lzma").model, undefined);
  assert.equal(parametersOf([BODY], undefined, "gzip").model, undefined);
});

test("a decompression bomb stops the reading of a request", () => {
  const bomb = zlib.gzipSync(Buffer.concat([Buffer.alloc(64 * MIB, " "), Buffer.from(BODY)]));
  assert.equal(parametersOf([bomb], undefined, "gzip").model, undefined);
});

test("a model after 20 MB of images is found, and after 32 MB is not", () => {
  const image = "x".repeat(MIB);
  const modelBehind = (megabytes: number): string | undefined =>
    parametersOf(['{"messages":"', ...Array.from({ length: megabytes }, () => image), '","model":"gpt-x"}']).model;
  assert.equal(modelBehind(20), "gpt-x");
  assert.equal(modelBehind(32), undefined);
});

test("parameters of an unexpected type are unknown", () => {
  const odd = '{"model":5,"stream":"yes","stream_options":"all","background":1}';
  assert.deepEqual(parametersOf([odd]), { ...EXPECTED, model: undefined, stream: undefined, includeUsage: undefined });
});

test("the parameters of a truncated body are kept", () =>
  assert.equal(parametersOf(['{"model":"gpt-x","messages":[']).model, "gpt-x"));

const FORM = [
  "--b\r\n",
  'Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n',
  '\u0000\u0001name="model"\r\n\r\nnot this\r\n',
  "\r\n--b\r\n",
  'Content-Disposition: form-data; name="model"\r\n\r\nwhisper-x\r\n--b--\r\n',
].join("");

test("the model field of a form is found after a file, wherever the body is split", () => {
  const form = Buffer.from(FORM);
  for (let at = 0; at <= form.length; at++) {
    const pieces = [form.subarray(0, at), form.subarray(at)];
    assert.equal(parametersOf(pieces, "multipart/form-data; boundary=b").model, "whisper-x", String(at));
  }
});

test("the stream field of a form is read", () => {
  const streamOf = (value: string): boolean | undefined =>
    parametersOf(
      [`--b\r\nContent-Disposition: form-data; name="stream"\r\n\r\n${value}\r\n--b--`],
      'multipart/form-data; boundary="b"',
    ).stream;
  assert.deepEqual([streamOf("true"), streamOf("false"), streamOf("")], [true, false, undefined]);
});

test("the model field of a form is found after a file of 100 MB", () => {
  const [head = "", tail = ""] = FORM.split("\u0000\u0001");
  const form = { contentType: "multipart/form-data; boundary=b", contentEncoding: undefined, text: undefined };
  const reader = new RequestReader(form, new DecoderPool());
  reader.push(Buffer.from(head));
  const piece = Buffer.alloc(64 * 1024, 1);
  for (let n = 0; n < 1600; n++) reader.push(piece);
  reader.push(Buffer.from(tail));
  assert.equal(reader.end().model, "whisper-x");
});

test("a form inside a file is not read as fields", () => {
  const inner = 'Content-Disposition: form-data; name="model"\r\n\r\nnot-this\r\n--inner--\r\n';
  const form = FORM.replace("\u0000\u0001", inner);
  assert.equal(parametersOf([form], "multipart/form-data; boundary=b").model, "whisper-x");
});

test("a form without the field has no model", () => {
  assert.equal(parametersOf(["--b\r\n\r\n--b--"], "multipart/form-data; boundary=b").model, undefined);
});
