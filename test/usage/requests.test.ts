// The parameters of a request that its response does not repeat: the model of images, compactions and missing responses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { read } from "./observe.ts";

const JSON_BODY = JSON.stringify({ prompt: "a lighthouse", model: "asked-for" });
const FORM = [
  '--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n',
  "\u0000".repeat(200_000),
  '\r\n--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nasked-for\r\n',
  '--b\r\nContent-Disposition: form-data; name="stream"\r\n\r\ntrue\r\n--b--\r\n',
].join("");
const FORM_TYPE = "multipart/form-data; boundary=b";

const WITHOUT_MODEL: readonly (readonly [what: string, path: string, body: string])[] = [
  ["images", "/v1/images/generations", '{"created":1,"data":[{"url":"u"}]}'],
  [
    "a compaction",
    "/v1/responses/compact",
    '{"object":"response.compaction","usage":{"input_tokens":1,"output_tokens":2}}',
  ],
  ["Cohere's chat", "/v2/chat", '{"usage":{"billed_units":{"input_tokens":1,"output_tokens":2}}}'],
  ["a request to an unknown path", "/v9/new", '{"usage":{"prompt_tokens":1,"completion_tokens":2}}'],
];

for (const [what, path, body] of WITHOUT_MODEL) {
  test(`the model of ${what} is that of the request`, () => {
    const found = read({ request: { path }, requestBody: JSON_BODY, body });
    assert.deepEqual([found.requestModel, found.responseModel], ["asked-for", undefined]);
  });
}

test("the model of edited images is a form field after the image", () => {
  const request = { path: "/v1/images/edits", contentType: FORM_TYPE };
  assert.equal(read({ request, requestBody: FORM, body: '{"data":[]}' }).requestModel, "asked-for");
});

test("the stream parameter of a transcription is known without a response", () => {
  const request = { path: "/v1/audio/transcriptions", contentType: FORM_TYPE };
  const found = read({ request, requestBody: FORM, ending: "aborted" });
  assert.deepEqual([found.requestModel, found.stream, found.state], ["asked-for", true, "aborted"]);
});

test("a request aborted inside its body has the model read by then", () => {
  const found = read({ requestBody: '{"model":"asked-for","messages":[{"role":"us', ending: "aborted" });
  assert.deepEqual([found.requestModel, found.state], ["asked-for", "aborted"]);
});

test("a compressed request is read like a plain one", () => {
  const found = read({ request: { contentEncoding: "gzip" }, requestBody: gzipSync(JSON_BODY), ending: "cut" });
  assert.equal(found.requestModel, "asked-for");
});
