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

interface Case {
  readonly request?: Partial<ObservedRequest>;
  readonly requestBody?: string;
  readonly response?: Partial<ObservedResponse> | null;
  readonly body?: string;
  readonly ending?: "complete" | "aborted" | "cut";
}

function read(exchange: Case): ReturnType<typeof finish> {
  const observer = new RequestObserver({ ...CHAT, ...exchange.request }, () => 7);
  if (exchange.requestBody !== undefined) observer.requestBytes(Buffer.from(exchange.requestBody));
  if (exchange.response !== null) observer.responseHead({ ...OK, ...exchange.response });
  if (exchange.body !== undefined) observer.responseBytes(Buffer.from(exchange.body));
  return finish(observer, exchange.ending ?? "complete");
}

function finish(observer: RequestObserver, ending: "complete" | "aborted" | "cut") {
  return observer.finish(OUTCOMES[ending]);
}

const OUTCOMES = {
  complete: { kind: "complete" },
  aborted: { kind: "client-aborted" },
  cut: { kind: "upstream", fault: "upstream_reset" },
} as const;

/** An exchange, and the state and reason of its usage. */
const CASES: readonly (readonly [title: string, exchange: Case, state: string, reason: string | undefined])[] = [
  ["a complete response is final", { body: `{${USAGE}}` }, "final", undefined],
  [
    "a response without a content type is read by its first byte",
    { response: { contentType: undefined }, body: `{${USAGE}}` },
    "final",
    undefined,
  ],
  ["events declared as JSON are read as events", { body: `data: {${USAGE}}\n\ndata: [DONE]\n\n` }, "final", undefined],
  [
    "JSON declared as events is read as JSON",
    { response: { contentType: EVENTS }, body: `{${USAGE}}` },
    "final",
    undefined,
  ],
  ["a response cut after its usage is partial", { body: `{${USAGE},"x":`, ending: "cut" }, "partial", "cut"],
  ["truncated JSON with usage is partial", { body: `{${USAGE},"x":` }, "partial", "unparsable"],
  ["truncated JSON without usage is missing", { body: '{"x"' }, "missing", "unparsable"],
  ["a response without usage is missing", { body: '{"choices":[]}' }, "missing", "absent"],
  ["an empty response is missing", { body: "" }, "missing", "absent"],
  ["a response is aborted if the client left", { body: `{${USAGE}}`, ending: "aborted" }, "aborted", "aborted"],
  [
    "a request is aborted if the client left before the response",
    { response: null, ending: "aborted" },
    "aborted",
    "aborted",
  ],
  ["a response that never arrived is missing", { response: null, ending: "cut" }, "missing", "cut"],
  ["audio is opaque", { response: { contentType: "audio/mpeg" }, body: "ID3" }, "missing", "opaque"],
  ["an unknown coding is missing", { response: { contentEncoding: "lzma" }, body: "x" }, "missing", "encoding"],
  ["an error has no usage", { response: { status: 500 }, body: "{}" }, "not_applicable", undefined],
  [
    "a truncated error has no usage",
    { response: { status: 500 }, body: "{", ending: "cut" },
    "not_applicable",
    undefined,
  ],
  ["a redirect has no usage", { response: { status: 307, hasBody: false } }, "not_applicable", undefined],
  ["204 has no usage", { response: { status: 204, hasBody: false } }, "not_applicable", undefined],
  [
    "a stream without the usage option is missing because it was not requested",
    { response: { contentType: EVENTS }, body: 'data: {"choices":[{}]}\n\ndata: [DONE]\n\n' },
    "missing",
    "not_requested",
  ],
  [
    "a stream with the usage option and without usage is missing",
    {
      requestBody: '{"stream_options":{"include_usage":true}}',
      response: { contentType: EVENTS },
      body: 'data: {"choices":[{}]}\n\ndata: [DONE]\n\n',
    },
    "missing",
    "absent",
  ],
  [
    "a stream with the usage option that stops early is cut",
    {
      requestBody: '{"stream_options":{"include_usage":true}}',
      response: { contentType: EVENTS },
      body: 'data: {"choices":[{}]}\n\n',
    },
    "missing",
    "cut",
  ],
  [
    "a stream with usage and without an end is partial",
    { response: { contentType: EVENTS }, body: `data: {"choices":[{}],${USAGE}}\n\n` },
    "partial",
    "cut",
  ],
  [
    "usage after all choices ends a stream",
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
    "a list of models uses nothing, even if the client leaves",
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
    "an upgrade to a session with its own records uses nothing",
    { request: { method: "GET", path: "/v1/realtime", upgrade: true }, response: { status: 101, hasBody: false } },
    "not_applicable",
    undefined,
  ],
  [
    "an unknown path with a known format is read",
    { request: { path: "/v9/x" }, body: `{${USAGE}}` },
    "final",
    undefined,
  ],
  ["an unknown path without usage has none", { request: { path: "/v9/x" }, body: "{}" }, "not_applicable", undefined],
];

for (const [title, exchange, state, reason] of CASES) {
  test(title, () => {
    const reading = read(exchange);
    assert.deepEqual([reading.state, reading.reason], [state, reason]);
  });
}

test("an image response keeps the model of the request", () => {
  const reading = read({
    request: { path: "/v1/images/generations" },
    requestBody: '{"model":"gpt-image-x"}',
    body: "{}",
  });
  assert.deepEqual(
    [reading.dialect, reading.operation, reading.requestModel],
    ["openai.images", "image", "gpt-image-x"],
  );
});

test("the time of the first content is that of the first content frame", () => {
  let clock = 0;
  const observer = new RequestObserver({ ...CHAT, path: "/v1/messages" }, () => clock);
  observer.responseHead({ ...OK, contentType: EVENTS });
  for (const type of ["message_start", "ping", "content_block_start", "content_block_delta"]) {
    clock++;
    observer.responseBytes(Buffer.from(`: comment\n\nevent: ${type}\ndata: {"type":"${type}"}\n\n`));
  }
  assert.equal(finish(observer, "complete").firstContentAt, 3);
});

test("a plain response has no first content", () => {
  assert.equal(read({ body: `{"choices":[{}],${USAGE}}` }).firstContentAt, undefined);
});

test("an error response is a stream if the request asked for one", () => {
  const response = { status: 500 };
  assert.equal(read({ requestBody: '{"stream":true}', response, body: "{}" }).stream, true);
  assert.equal(read({ requestBody: '{"stream":true}', body: "{}" }).stream, false);
  assert.equal(
    read({ request: { path: "/v1beta/models/g:streamGenerateContent" }, response, body: "{}" }).stream,
    true,
  );
});

test("the raw usage is kept as sent", () => {
  assert.deepEqual(read({ body: `{${USAGE}}` }).usage?.raw, {
    prompt_tokens: 9,
    completion_tokens: 2,
    total_tokens: 11,
  });
});

const REQUEST_BODY = JSON.stringify({
  model: "m",
  messages: [{ role: "user", content: "Tell me about the sea, please." }],
});
const RESPONSE_BODY =
  'data: {"model":"m","choices":[{"delta":{"content":"The sea is deep and wide."}}]}\n\ndata: [DONE]\n\n';

function estimatedReading(request: Partial<ObservedRequest>, sent = true) {
  const observer = new RequestObserver({ ...CHAT, estimate: true, ...request }, () => 1);
  observer.requestBytes(Buffer.from(REQUEST_BODY));
  if (sent) observer.requestSent();
  observer.responseHead({ ...OK, contentType: EVENTS });
  observer.responseBytes(Buffer.from(RESPONSE_BODY));
  return observer.finish({ kind: "complete" });
}

test("a stream without usage is estimated, and its counters stay unknown", () => {
  const found = estimatedReading({});
  assert.deepEqual([found.source, found.state, found.reason], ["estimate", "missing", "not_requested"]);
  assert.equal(found.usage, undefined);
  assert.ok(found.estimatedInputTokens !== undefined && Math.abs(found.estimatedInputTokens - 8) <= 2);
  assert.ok(found.estimatedOutputTokens !== undefined && Math.abs(found.estimatedOutputTokens - 7) <= 2);
});

test("a request that was not sent completely is not estimated", () => {
  assert.equal(estimatedReading({}, false).estimatedInputTokens, undefined);
});

test("nothing is estimated if the setting is off", () => {
  const found = estimatedReading({ estimate: false });
  assert.deepEqual(
    [found.source, found.estimatedInputTokens, found.estimatedOutputTokens],
    ["none", undefined, undefined],
  );
});
