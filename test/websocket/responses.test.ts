import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { assertFields, startProxyFixture, type ProxyFixture } from "../proxy/fixture.ts";
import { apart, converse, sayDeflated, type Conversation } from "./conversation.ts";
import { responsesUsage, snapshot, textDelta } from "./openai-events.ts";

let world: ProxyFixture;
before(async () => {
  world = await startProxyFixture();
});
afterEach(() => world.clear());
after(() => world.stop());

const path = "/openai/v1/responses";

function create(model: string, stream_id?: string): object {
  return { type: "response.create", model, input: "Hello", ...(stream_id !== undefined && { stream_id }) };
}

function completed(id: string, input: number, output: number, more: object = {}): object {
  const fields = { status: "completed", service_tier: "default", output: [], usage: responsesUsage(input, output) };
  return snapshot("response.completed", id, fields, more);
}

const answer = { operation: "chat", usage_source: "websocket", usage_state: "final", error_type: null } as const;

test("responses that follow one another on a socket leave a record each", async () => {
  const talk = await converse(world, { path });
  for (const [id, model, input, output] of [
    ["resp_1", "gpt-x", 20, 8],
    ["resp_2", "gpt-y", 40, 9],
  ] as const) {
    talk.say("client", create(model));
    await talk.arrived();
    talk.say("server", snapshot("response.created", id, { status: "in_progress", usage: null }));
    talk.say("server", textDelta('"usage":{"input_tokens":999}'));
    talk.say("server", completed(id, input, output));
  }
  await talk.close();
  const { closing, pieces } = apart(await world.records(3));
  const [first, second] = pieces;
  assert.ok(first && second);
  assertFields(first, {
    ...answer,
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
    ...answer,
    response_id: "resp_2",
    request_model: "gpt-y",
    input_tokens: 40,
    output_tokens: 9,
  });
  assertFields(closing, { close_code: 1000, model: "gpt-y" });
});

/** Two lanes whose events interleave; the one that begins first ends last. */
async function interleave(talk: Conversation): Promise<void> {
  const [a, b] = [{ stream_id: "lane-a" }, { stream_id: "lane-b" }];
  talk.say("client", create("gpt-a", "lane-a"));
  talk.say("client", create("gpt-b", "lane-b"));
  await talk.arrived();
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
  if (talk.extensions === undefined) for (const event of events) talk.say("server", event);
  else await sayDeflated(talk, "server", events, true);
}

for (const extensions of [undefined, "permessage-deflate"]) {
  test(`responses in two lanes of one socket are kept apart${extensions ? ", deflated" : ""}`, async () => {
    const talk = await converse(world, { path, ...(extensions !== undefined && { extensions }) });
    await interleave(talk);
    await talk.close();
    const [b, a] = apart(await world.records(3)).pieces;
    assert.ok(a && b);
    assertFields(b, { ...answer, response_id: "resp_b", request_model: "gpt-b", input_tokens: 200, output_tokens: 20 });
    assertFields(a, { ...answer, response_id: "resp_a", request_model: "gpt-a", input_tokens: 100, output_tokens: 10 });
  });
}

test("an error in the middle of a response ends it, and one before any leaves no record of its own", async () => {
  const talk = await converse(world, { path });
  const error = { type: "error", status: 400, error: { type: "invalid_request_error", code: "model_not_found" } };
  talk.say("client", create("gpt-none"));
  await talk.arrived();
  talk.say("server", error);
  await talk.arrived();
  talk.say("client", create("gpt-x"));
  await talk.arrived();
  talk.say("server", snapshot("response.created", "resp_1", { status: "in_progress", usage: null }));
  talk.say("server", { type: "error", sequence_number: 2, code: "server_error", message: "sorry", param: null });
  await talk.close();
  const { pieces, closing } = apart(await world.records(2));
  const [broken] = pieces;
  assert.ok(broken);
  assertFields(broken, {
    response_id: "resp_1",
    request_model: "gpt-x",
    error_type: "server_error",
    usage_state: "missing",
    usage_reason: "error",
    input_tokens: null,
  });
  assert.equal(closing.error_type, null, "the session itself came to a good end");
});

test("a response that failed is recorded with its error, and with the usage it had", async () => {
  const talk = await converse(world, { path });
  const fields = {
    status: "failed",
    error: { code: "rate_limit_exceeded", message: "no" },
    usage: responsesUsage(30, 4),
  };
  talk.say("server", snapshot("response.failed", "resp_1", fields));
  await talk.close();
  const [failed] = apart(await world.records(2)).pieces;
  assert.ok(failed);
  assertFields(failed, { error_type: "rate_limit_exceeded", input_tokens: 30, output_tokens: 4, usage_state: "final" });
});
