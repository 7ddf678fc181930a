import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { assertFields, startProxyFixture, type ProxyFixture } from "../proxy/fixture.ts";
import { splitRecords, openConversation, sendDeflated } from "./conversation.ts";
import {
  audioDelta,
  realtimeUsage,
  responseCreated,
  responseDone,
  sessionCreated,
  transcribed,
} from "./openai-events.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture();
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

const path = "/openai/v1/realtime?model=gpt-realtime";

/** Three responses, one of them canceled by the user's voice, and a transcription of the user between them. */
const sessionEvents: readonly object[] = [
  sessionCreated("gpt-realtime-2026-05-01"),
  responseCreated("resp_1"),
  audioDelta("resp_1"),
  responseDone("resp_1", realtimeUsage(132, 121)),
  transcribed("item_7", {
    type: "tokens",
    total_tokens: 26,
    input_tokens: 17,
    output_tokens: 9,
    input_token_details: { text_tokens: 0, audio_tokens: 17 },
  }),
  responseCreated("resp_2"),
  audioDelta("resp_2"),
  responseDone("resp_2", realtimeUsage(250, 60), { status: "cancelled", status_details: { reason: "turn_detected" } }),
  { type: "rate_limits.updated", event_id: "e3", rate_limits: [{ name: "tokens", remaining: 149_984 }] },
  responseCreated("resp_3"),
  responseDone("resp_3", realtimeUsage(310, 70)),
];

const expectedFields = {
  operation: "realtime",
  model: "gpt-realtime-2026-05-01",
  request_model: "gpt-realtime",
  usage_source: "websocket",
  usage_state: "final",
  error_type: null,
  cached_input_tokens: 64,
} as const;

function assertSession(records: Parameters<typeof splitRecords>[0]): void {
  const { closing, turnRecords } = splitRecords(records);
  assert.equal(turnRecords.length, 4);
  const [first, transcription, canceled, third] = turnRecords;
  assert.ok(first && transcription && canceled && third);
  assertFields(first, {
    ...expectedFields,
    response_id: "resp_1",
    input_tokens: 132,
    output_tokens: 121,
    total_input_tokens: 132,
    total_output_tokens: 121,
    total_tokens: 253,
    input_by_modality: { text: 119, audio: 13, image: 0 },
    output_by_modality: { text: 30, audio: 91 },
    cached_by_modality: { text: 64, audio: 0, image: 0 },
    request_id: "req_1",
  });
  assert.ok((first.duration_ms ?? -1) >= (first.ttft_ms ?? Infinity));
  assertFields(transcription, {
    operation: "transcription",
    model: "gpt-4o-mini-transcribe",
    response_id: "item_7",
    input_tokens: 17,
    output_tokens: 9,
    input_by_modality: { text: 0, audio: 17 },
    usage_state: "final",
  });
  assertFields(canceled, { ...expectedFields, response_id: "resp_2", input_tokens: 250, output_tokens: 60 });
  assertFields(third, { ...expectedFields, response_id: "resp_3", input_tokens: 310, output_tokens: 70 });
  assertFields(closing, {
    model: "gpt-realtime-2026-05-01",
    error_type: null,
    close_code: 1000,
    usage_reason: undefined,
  });
}

test("a realtime session leaves a record for each response and each transcription, and one that closes it", async () => {
  const conversation = await openConversation(fixture, { path });
  for (const event of sessionEvents) conversation.sendMessage("server", event);
  conversation.sendMessage("client", { type: "session.update", session: { instructions: "Be brief." } });
  await conversation.arrived();
  const early = await fixture.records(4);
  await conversation.close();
  const { sentBytes } = conversation;
  const [closing] = await fixture.records(1);
  assert.ok(closing);
  assertSession([...early, closing]);
  assertFields(closing, { request_bytes: sentBytes.client, response_bytes: sentBytes.server });
});

for (const [extensions, takeover] of [
  ["permessage-deflate", true],
  ["permessage-deflate; server_no_context_takeover; client_no_context_takeover", false],
  ["permessage-deflate; server_no_context_takeover", false],
] as const) {
  test(`the same session deflated under "${extensions}" leaves the same records`, async () => {
    const conversation = await openConversation(fixture, { path, extensions });
    await sendDeflated(conversation, "server", sessionEvents, takeover);
    await conversation.close("server");
    assertSession(await fixture.records(5));
  });
}

test("a transcription billed by its length is recorded in seconds", async () => {
  const conversation = await openConversation(fixture, { path: "/openai/v1/realtime?intent=transcription" });
  conversation.sendMessage("server", sessionCreated("", "whisper-1"));
  conversation.sendMessage("server", transcribed("item_1", { type: "duration", seconds: 12.5 }));
  await conversation.close();
  const { turnRecords, closing } = splitRecords(await fixture.records(2));
  const [transcription] = turnRecords;
  assert.ok(transcription);
  assertFields(transcription, { model: "whisper-1", audio_seconds: 12.5, input_tokens: null, usage_state: "final" });
  assert.equal(closing.model, null);
});

test("a failed response is recorded with the provider's error", async () => {
  const conversation = await openConversation(fixture, { path });
  const failed = { status: "failed", status_details: { error: { type: "server_error", code: "inference_failed" } } };
  conversation.sendMessage("server", responseDone("resp_1", null, failed));
  conversation.sendMessage("server", responseDone("resp_2", realtimeUsage(100, 50), failed));
  await conversation.close();
  const [nothing, something] = splitRecords(await fixture.records(3)).turnRecords;
  assert.ok(nothing && something);
  assertFields(nothing, { error_type: "inference_failed", usage_state: "missing", usage_reason: "error" });
  assertFields(something, { error_type: "inference_failed", usage_state: "final", input_tokens: 100 });
});

test("a close code of the provider that means an error is the error of the session", async () => {
  for (const [events, expected] of [
    [[], "close_1011"],
    [
      [{ type: "error", event_id: "e9", error: { type: "invalid_request_error", code: "session_expired" } }],
      "session_expired",
    ],
  ] as const) {
    const conversation = await openConversation(fixture, { path });
    for (const event of events) conversation.sendMessage("server", event);
    await conversation.close("server", 1011);
    await fixture.record({ operation: "session", error_type: expected, close_code: 1011 });
  }
});

test("Azure's older WebSocket names its deployment in the query", async () => {
  const conversation = await openConversation(fixture, {
    path: "/openai/openai/realtime?api-version=2026-01-01&deployment=my-voice",
  });
  conversation.sendMessage("server", sessionCreated("gpt-realtime-2026-05-01"));
  conversation.sendMessage("server", responseDone("resp_1", realtimeUsage(100, 50)));
  await conversation.close();
  const [turn] = splitRecords(await fixture.records(2)).turnRecords;
  assert.ok(turn);
  assertFields(turn, { deployment: "my-voice", model: "gpt-realtime-2026-05-01", input_tokens: 100 });
});
