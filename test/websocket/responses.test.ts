import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { assertFields, startProxyFixture, type ProxyFixture } from "../proxy/fixture.ts";
import { splitRecords, openConversation, sendDeflated, type Conversation } from "./conversation.ts";
import { responsesUsage, snapshot, textDelta } from "./openai-events.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture();
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

const path = "/openai/v1/responses";

function create(model: string, stream_id?: string): object {
  return { type: "response.create", model, input: "Hello", ...(stream_id !== undefined && { stream_id }) };
}

function completed(id: string, input: number, output: number, more: object = {}): object {
  const fields = { status: "completed", service_tier: "default", output: [], usage: responsesUsage(input, output) };
  return snapshot("response.completed", id, fields, more);
}

const expectedFields = {
  operation: "chat",
  usage_source: "websocket",
  usage_state: "final",
  error_type: null,
} as const;

test("consecutive responses on a WebSocket leave one record each", async () => {
  const conversation = await openConversation(fixture, { path });
  for (const [id, model, input, output] of [
    ["resp_1", "gpt-x", 20, 8],
    ["resp_2", "gpt-y", 40, 9],
  ] as const) {
    conversation.sendMessage("client", create(model));
    await conversation.arrived();
    conversation.sendMessage("server", snapshot("response.created", id, { status: "in_progress", usage: null }));
    conversation.sendMessage("server", textDelta('"usage":{"input_tokens":999}'));
    conversation.sendMessage("server", completed(id, input, output));
  }
  await conversation.close();
  const { closing, turnRecords } = splitRecords(await fixture.records(3));
  const [first, second] = turnRecords;
  assert.ok(first && second);
  assertFields(first, {
    ...expectedFields,
    response_id: "resp_1",
    model: "gpt-x-2026",
    request_model: "gpt-x",
    input_tokens: 20,
    output_tokens: 8,
    cached_input_tokens: 16,
    reasoning_tokens: 5,
    service_tier: "default",
  });
  assert.equal(typeof first.ttft_ms, "number");
  assertFields(second, {
    ...expectedFields,
    response_id: "resp_2",
    request_model: "gpt-y",
    input_tokens: 40,
    output_tokens: 9,
  });
  assertFields(closing, { close_code: 1000, model: "gpt-y" });
});

/** Sends two streams with interleaved events; the one that begins first ends last. */
async function interleave(conversation: Conversation): Promise<void> {
  const [a, b] = [{ stream_id: "stream-a" }, { stream_id: "stream-b" }];
  conversation.sendMessage("client", create("gpt-a", "stream-a"));
  conversation.sendMessage("client", create("gpt-b", "stream-b"));
  await conversation.arrived();
  const events = [
    snapshot("response.created", "resp_a", { status: "in_progress", usage: null }, a),
    snapshot("response.created", "resp_b", { status: "in_progress", usage: null }, b),
    textDelta("to a", a),
    textDelta("to b", b),
    snapshot("response.in_progress", "resp_a", { status: "in_progress", usage: null }, a),
    completed("resp_b", 200, 20, b),
    textDelta("more to a", a),
    snapshot(
      "response.incomplete",
      "resp_a",
      { status: "incomplete", incomplete_details: { reason: "max_output_tokens" }, usage: responsesUsage(100, 10) },
      a,
    ),
  ];
  if (conversation.extensions === undefined) for (const event of events) conversation.sendMessage("server", event);
  else await sendDeflated(conversation, "server", events, true);
}

for (const extensions of [undefined, "permessage-deflate"]) {
  test(`responses in two streams of one WebSocket have separate records${extensions ? ", deflated" : ""}`, async () => {
    const conversation = await openConversation(fixture, { path, ...(extensions !== undefined && { extensions }) });
    await interleave(conversation);
    await conversation.close();
    const [b, a] = splitRecords(await fixture.records(3)).turnRecords;
    assert.ok(a && b);
    assertFields(b, {
      ...expectedFields,
      response_id: "resp_b",
      request_model: "gpt-b",
      input_tokens: 200,
      output_tokens: 20,
    });
    assertFields(a, {
      ...expectedFields,
      response_id: "resp_a",
      request_model: "gpt-a",
      input_tokens: 100,
      output_tokens: 10,
    });
  });
}

test("an error during a response ends it, and an error before any response leaves no record", async () => {
  const conversation = await openConversation(fixture, { path });
  const error = { type: "error", status: 400, error: { type: "invalid_request_error", code: "model_not_found" } };
  conversation.sendMessage("client", create("gpt-none"));
  await conversation.arrived();
  conversation.sendMessage("server", error);
  await conversation.arrived();
  conversation.sendMessage("client", create("gpt-x"));
  await conversation.arrived();
  conversation.sendMessage("server", snapshot("response.created", "resp_1", { status: "in_progress", usage: null }));
  conversation.sendMessage("server", {
    type: "error",
    sequence_number: 2,
    code: "server_error",
    message: "sorry",
    param: null,
  });
  await conversation.close();
  const { turnRecords, closing } = splitRecords(await fixture.records(2));
  const [failed] = turnRecords;
  assert.ok(failed);
  assertFields(failed, {
    response_id: "resp_1",
    request_model: "gpt-x",
    error_type: "server_error",
    usage_state: "missing",
    usage_reason: "error",
    input_tokens: null,
  });
  assert.equal(closing.error_type, null, "the session has no error");
});

test("a failed response is recorded with its error and its usage", async () => {
  const conversation = await openConversation(fixture, { path });
  const fields = {
    status: "failed",
    error: { code: "rate_limit_exceeded", message: "no" },
    usage: responsesUsage(30, 4),
  };
  conversation.sendMessage("server", snapshot("response.failed", "resp_1", fields));
  await conversation.close();
  const [failed] = splitRecords(await fixture.records(2)).turnRecords;
  assert.ok(failed);
  assertFields(failed, { error_type: "rate_limit_exceeded", input_tokens: 30, output_tokens: 4, usage_state: "final" });
});
