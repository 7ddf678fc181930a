import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestObserver, type ObservedRequest, type ObservedResponse } from "./observer.ts";

const CHAT: ObservedRequest = {
  method: "POST",
  path: "/v1/chat/completions",
  query: "",
  exclusiveReasoning: false,
  upgrade: false,
  contentType: "application/json",
  contentEncoding: undefined,
};
const OK: ObservedResponse = {
  status: 200,
  contentType: "application/json",
  contentEncoding: undefined,
  hasBody: true,
  header: () => undefined,
};
const EVENTS = "text/event-stream";
const USAGE = '"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}';

interface Told {
  readonly request?: Partial<ObservedRequest>;
  readonly asks?: string;
  readonly response?: Partial<ObservedResponse> | null;
  readonly body?: string;
  readonly ending?: "complete" | "aborted" | "cut";
}

function read(told: Told): ReturnType<typeof finish> {
  const observer = new RequestObserver({ ...CHAT, ...told.request }, () => 7);
  if (told.asks !== undefined) observer.requestBytes(Buffer.from(told.asks));
  if (told.response !== null) observer.responseHead({ ...OK, ...told.response });
  if (told.body !== undefined) observer.responseBytes(Buffer.from(told.body));
  return finish(observer, told.ending ?? "complete");
}

function finish(observer: RequestObserver, ending: "complete" | "aborted" | "cut") {
  return observer.finish(OUTCOMES[ending]);
}

const OUTCOMES = {
  complete: { kind: "complete" },
  aborted: { kind: "client-aborted" },
  cut: { kind: "upstream", fault: "upstream_reset" },
} as const;

/** How an exchange went, and the word on its usage. */
const WORDS: readonly (readonly [title: string, told: Told, state: string, reason: string | undefined])[] = [
  ["a whole answer is final", { body: `{${USAGE}}` }, "final", undefined],
  [
    "an answer without a content type is read by its first byte",
    { response: { contentType: undefined }, body: `{${USAGE}}` },
    "final",
    undefined,
  ],
  ["events called JSON are read as events", { body: `data: {${USAGE}}\n\ndata: [DONE]\n\n` }, "final", undefined],
  ["JSON called events is read as JSON", { response: { contentType: EVENTS }, body: `{${USAGE}}` }, "final", undefined],
  ["an answer cut behind its usage is partial", { body: `{${USAGE},"x":`, ending: "cut" }, "partial", "cut"],
  ["an answer that is no whole JSON is partial", { body: `{${USAGE},"x":` }, "partial", "unparsable"],
  ["an answer that is no JSON is missing", { body: '{"x"' }, "missing", "unparsable"],
  ["an answer without usage is missing", { body: '{"choices":[]}' }, "missing", "absent"],
  ["an empty answer is missing", { body: "" }, "missing", "absent"],
  ["a client that left aborts", { body: `{${USAGE}}`, ending: "aborted" }, "aborted", "aborted"],
  ["a client that left before the answer aborts", { response: null, ending: "aborted" }, "aborted", "aborted"],
  ["an answer that never came is missing", { response: null, ending: "cut" }, "missing", "cut"],
  ["audio is opaque", { response: { contentType: "audio/mpeg" }, body: "ID3" }, "missing", "opaque"],
  ["an unknown coding is missing", { response: { contentEncoding: "lzma" }, body: "x" }, "missing", "encoding"],
  ["an error has no usage", { response: { status: 500 }, body: "{}" }, "not_applicable", undefined],
  [
    "an error cut short has none either",
    { response: { status: 500 }, body: "{", ending: "cut" },
    "not_applicable",
    undefined,
  ],
  ["a redirect has no usage", { response: { status: 307, hasBody: false } }, "not_applicable", undefined],
  ["204 has no usage", { response: { status: 204, hasBody: false } }, "not_applicable", undefined],
  [
    "a stream nobody parameters usage of has none",
    { response: { contentType: EVENTS }, body: 'data: {"choices":[{}]}\n\ndata: [DONE]\n\n' },
    "missing",
    "not_requested",
  ],
  [
    "a stream that was parameters and does not say is missing",
    {
      asks: '{"stream_options":{"include_usage":true}}',
      response: { contentType: EVENTS },
      body: 'data: {"choices":[{}]}\n\ndata: [DONE]\n\n',
    },
    "missing",
    "absent",
  ],
  [
    "a stream that was parameters and stops early is cut",
    {
      asks: '{"stream_options":{"include_usage":true}}',
      response: { contentType: EVENTS },
      body: 'data: {"choices":[{}]}\n\n',
    },
    "missing",
    "cut",
  ],
  [
    "a stream with usage on the way and no end is partial",
    { response: { contentType: EVENTS }, body: `data: {"choices":[{}],${USAGE}}\n\n` },
    "partial",
    "cut",
  ],
  [
    "the usage behind all choices is an end",
    { response: { contentType: EVENTS }, body: `data: {"choices":[],${USAGE}}\n\n` },
    "final",
    undefined,
  ],
  [
    "reasoning beyond the output is flagged",
    { body: '{"usage":{"prompt_tokens":1,"completion_tokens":2,"reasoning_tokens":5}}' },
    "final",
    "inconsistent",
  ],
  [
    "a list of models uses nothing, even when the client leaves",
    { request: { method: "GET", path: "/v1/models" }, body: "{", ending: "aborted" },
    "not_applicable",
    undefined,
  ],
  [
    "a dialect without a reader is missing",
    { request: { path: "/async-invoke" }, body: `{${USAGE}}` },
    "missing",
    "unsupported",
  ],
  [
    "a switch to a protocol with records of its own uses nothing by itself",
    { request: { method: "GET", path: "/v1/realtime", upgrade: true }, response: { status: 101, hasBody: false } },
    "not_applicable",
    undefined,
  ],
  [
    "an unknown path with a known shape is read",
    { request: { path: "/v9/x" }, body: `{${USAGE}}` },
    "final",
    undefined,
  ],
  ["an unknown path without usage has none", { request: { path: "/v9/x" }, body: "{}" }, "not_applicable", undefined],
];

for (const [title, told, state, reason] of WORDS) {
  test(title, () => {
    const reading = read(told);
    assert.deepEqual([reading.state, reading.reason], [state, reason]);
  });
}

test("an image answer keeps the model that the request named", () => {
  const reading = read({ request: { path: "/v1/images/generations" }, asks: '{"model":"gpt-image-x"}', body: "{}" });
  assert.deepEqual(
    [reading.dialect, reading.operation, reading.requestModel],
    ["openai.images", "image", "gpt-image-x"],
  );
});

test("the first content is timed, not the frames before it", () => {
  let clock = 0;
  const observer = new RequestObserver({ ...CHAT, path: "/v1/messages" }, () => clock);
  observer.responseHead({ ...OK, contentType: EVENTS });
  for (const type of ["message_start", "ping", "content_block_start", "content_block_delta"]) {
    clock++;
    observer.responseBytes(Buffer.from(`: comment\n\nevent: ${type}\ndata: {"type":"${type}"}\n\n`));
  }
  assert.equal(finish(observer, "complete").firstContentAt, 3);
});

test("a plain answer has no first content", () => {
  assert.equal(read({ body: `{"choices":[{}],${USAGE}}` }).firstContentAt, undefined);
});

test("whether an error answered a stream is what the request said", () => {
  const response = { status: 500 };
  assert.equal(read({ asks: '{"stream":true}', response, body: "{}" }).stream, true);
  assert.equal(read({ asks: '{"stream":true}', body: "{}" }).stream, false);
  assert.equal(
    read({ request: { path: "/v1beta/models/g:streamGenerateContent" }, response, body: "{}" }).stream,
    true,
  );
});

test("the usage is kept as it was sent", () => {
  assert.deepEqual(read({ body: `{${USAGE}}` }).usage?.raw, {
    prompt_tokens: 9,
    completion_tokens: 2,
    total_tokens: 11,
  });
});
