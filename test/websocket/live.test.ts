import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { assertFields, startProxyFixture, type ProxyFixture } from "../proxy/fixture.ts";
import { splitRecords, openConversation, sendDeflated } from "./conversation.ts";
import { BINARY, fragments, TEXT } from "./frames.ts";
import { responsesUsage, snapshot, textDelta } from "./openai-events.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture();
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

const googlePaths = [
  "/openai/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
  "/openai/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent",
] as const;

const setup = { setup: { model: "projects/p/locations/l/publishers/google/models/gemini-live-2.5-flash", tools: [] } };
const audio = { serverContent: { modelTurn: { parts: [{ inlineData: { mimeType: "audio/pcm", data: "AAAA" } }] } } };
const turnComplete = { serverContent: { turnComplete: true } };

function usage(prompt: number, response: number, thoughts: number): object {
  return {
    promptTokenCount: prompt,
    responseTokenCount: response,
    thoughtsTokenCount: thoughts,
    totalTokenCount: prompt + response + thoughts,
    promptTokensDetails: [{ modality: "AUDIO", tokenCount: prompt }],
    responseTokensDetails: [{ modality: "AUDIO", tokenCount: response }],
  };
}

/** Two turns: the first reports its counters twice, the second after its end. */
const turns: readonly object[] = [
  { setupComplete: {} },
  audio,
  { ...audio, usageMetadata: usage(100, 5, 1) },
  { serverContent: { generationComplete: true } },
  { ...turnComplete, usageMetadata: usage(100, 40, 7) },
  { usageMetadata: usage(100, 40, 7) },
  { serverContent: { inputTranscription: { text: '"usageMetadata":{"promptTokenCount":999}' } } },
  audio,
  turnComplete,
  { usageMetadata: usage(250, 60, 0) },
];

const turn = {
  operation: "realtime",
  model: "gemini-live-2.5-flash",
  usage_source: "websocket",
  usage_state: "final",
} as const;

for (const [index, path] of googlePaths.entries()) {
  for (const opcode of [BINARY, TEXT]) {
    test(`${index === 0 ? "Gemini" : "Vertex"}: a Live session in ${opcode === BINARY ? "binary" : "text"} frames leaves a record for each turn`, async () => {
      const conversation = await openConversation(fixture, { path });
      conversation.sendMessage("client", setup, { opcode });
      await conversation.arrived();
      for (const message of turns) conversation.sendMessage("server", message, { opcode });
      await conversation.close();
      const { closing, turnRecords } = splitRecords(await fixture.records(3));
      const [first, second] = turnRecords;
      assert.ok(first && second);
      assertFields(first, {
        ...turn,
        input_tokens: 100,
        output_tokens: 40,
        reasoning_tokens: 7,
        total_output_tokens: 47,
        total_tokens: 147,
        input_by_modality: { audio: 100 },
        output_by_modality: { audio: 40 },
        usage_raw: usage(100, 40, 7),
      });
      assertFields(second, { ...turn, input_tokens: 250, output_tokens: 60, total_tokens: 310 });
      assertFields(closing, { model: "gemini-live-2.5-flash", close_code: 1000, error_type: null });
    });
  }
}

test("Vertex' names of the counters are read as well", async () => {
  const conversation = await openConversation(fixture, { path: googlePaths[1] });
  conversation.sendMessage("client", setup, { opcode: BINARY });
  await conversation.arrived();
  const counted = { promptTokenCount: 9, candidatesTokenCount: 4, totalTokenCount: 13, trafficType: "ON_DEMAND" };
  for (const message of [audio, { ...turnComplete, usageMetadata: counted }]) {
    conversation.sendMessage("server", message, { opcode: BINARY });
  }
  await conversation.close();
  const [first] = splitRecords(await fixture.records(2)).turnRecords;
  assert.ok(first);
  assertFields(first, { ...turn, input_tokens: 9, output_tokens: 4, traffic_type: "ON_DEMAND" });
});

for (const extensions of ["permessage-deflate", "permessage-deflate; client_no_context_takeover"]) {
  test(`a Live session under "${extensions}" is read in both directions`, async () => {
    const conversation = await openConversation(fixture, { path: googlePaths[0], extensions });
    const clientMessages = [
      setup,
      { realtimeInput: { audio: { data: "AAAA" } } },
      { realtimeInput: { text: "Hello" } },
    ];
    await sendDeflated(conversation, "client", clientMessages, !extensions.includes("client_no"));
    await conversation.arrived();
    await sendDeflated(conversation, "server", turns, true);
    await conversation.close();
    const { turnRecords } = splitRecords(await fixture.records(3));
    assert.deepEqual(
      turnRecords.map((record) => [record.model, record.input_tokens]),
      [
        ["gemini-live-2.5-flash", 100],
        ["gemini-live-2.5-flash", 250],
      ],
    );
  });
}

test("messages in fragments with pings between them are read like whole ones", async () => {
  const conversation = await openConversation(fixture, { path: googlePaths[0] });
  conversation.send("client", fragments("client", JSON.stringify(setup), 5, { opcode: BINARY }));
  await conversation.arrived();
  for (const message of turns) {
    const text = JSON.stringify(message);
    conversation.send("server", fragments("server", text, Math.min(7, text.length), { opcode: BINARY }));
  }
  await conversation.close();
  const { turnRecords } = splitRecords(await fixture.records(3));
  assert.deepEqual(
    turnRecords.map((record) => [record.model, record.input_tokens, record.output_tokens]),
    [
      ["gemini-live-2.5-flash", 100, 40],
      ["gemini-live-2.5-flash", 250, 60],
    ],
  );
});

test("OpenAI's Live is billed by the last total of seconds and by the responses it delegates", async () => {
  const conversation = await openConversation(fixture, { path: "/openai/v1/live/sessions" });
  const wrap = (event: object, delegation_id: string): object => ({ type: "response.event", delegation_id, event });
  const model = "gpt-live-1";
  const progress = { status: "in_progress", usage: null };
  const done = { status: "completed", usage: responsesUsage(70, 30) };
  const decision = { id: "dec_1", object: "decision", model: "gpt-d", usage: responsesUsage(12, 3) };
  for (const event of [
    { type: "session.started", event_id: "e1", session: { id: "live_1", model } },
    { type: "session.usage.updated", event_id: "e2", usage: { seconds: 10 } },
    { type: "session.output_audio.delta", event_id: "e3", delta: "AAAA" },
    wrap(snapshot("response.created", "resp_1", progress), "d1"),
    wrap(snapshot("response.created", "resp_2", progress), "d2"),
    wrap(textDelta("thinking"), "d1"),
    wrap(snapshot("response.completed", "resp_1", done), "d1"),
    { type: "session.usage.updated", event_id: "e4", usage: { seconds: 20.5 } },
    wrap(snapshot("response.completed", "resp_2", { ...done, usage: responsesUsage(80, 40) }), "d2"),
    { type: "decision.event", event: { type: "decision.completed", decision } },
    {
      type: "session.closed",
      event_id: "e5",
      reason: "close_requested",
      session: { model },
      usage: { seconds: 31.25 },
    },
  ]) {
    conversation.sendMessage("server", event);
  }
  await conversation.close("server");
  const { closing, turnRecords } = splitRecords(await fixture.records(5));
  const [one, two, decisionRecord, seconds] = turnRecords;
  assert.ok(one && two && decisionRecord && seconds);
  assertFields(one, { operation: "chat", response_id: "resp_1", model: "gpt-x-2026", input_tokens: 70 });
  assertFields(two, { operation: "chat", response_id: "resp_2", input_tokens: 80, output_tokens: 40 });
  assertFields(decisionRecord, { operation: "decision", response_id: "dec_1", model: "gpt-d", input_tokens: 12 });
  assertFields(seconds, {
    operation: "realtime",
    model,
    audio_seconds: 31.25,
    usage_state: "final",
    input_tokens: null,
  });
  assertFields(closing, { model, error_type: null });
});
