import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { assertFields, startProxyFixture, type ProxyFixture } from "../proxy/fixture.ts";
import { apart, converse, sayDeflated } from "./conversation.ts";
import { BINARY, fragments, TEXT } from "./frames.ts";
import { responsesUsage, snapshot, textDelta } from "./openai-events.ts";

let world: ProxyFixture;
before(async () => {
  world = await startProxyFixture();
});
afterEach(() => world.clear());
after(() => world.stop());

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

/** Two turns: the first tells its counters twice, the second behind its end. */
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
      const talk = await converse(world, { path });
      talk.say("client", setup, { opcode });
      await talk.arrived();
      for (const message of turns) talk.say("server", message, { opcode });
      await talk.close();
      const { closing, pieces } = apart(await world.records(3));
      const [first, second] = pieces;
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

test("Vertex' own names of the counters mean the same", async () => {
  const talk = await converse(world, { path: googlePaths[1] });
  talk.say("client", setup, { opcode: BINARY });
  await talk.arrived();
  const counted = { promptTokenCount: 9, candidatesTokenCount: 4, totalTokenCount: 13, trafficType: "ON_DEMAND" };
  for (const message of [audio, { ...turnComplete, usageMetadata: counted }]) {
    talk.say("server", message, { opcode: BINARY });
  }
  await talk.close();
  const [first] = apart(await world.records(2)).pieces;
  assert.ok(first);
  assertFields(first, { ...turn, input_tokens: 9, output_tokens: 4, traffic_type: "ON_DEMAND" });
});

for (const extensions of ["permessage-deflate", "permessage-deflate; client_no_context_takeover"]) {
  test(`a Live session under "${extensions}" is read in both directions`, async () => {
    const talk = await converse(world, { path: googlePaths[0], extensions });
    const clientSays = [setup, { realtimeInput: { audio: { data: "AAAA" } } }, { realtimeInput: { text: "Hello" } }];
    await sayDeflated(talk, "client", clientSays, !extensions.includes("client_no"));
    await talk.arrived();
    await sayDeflated(talk, "server", turns, true);
    await talk.close();
    const { pieces } = apart(await world.records(3));
    assert.deepEqual(
      pieces.map((piece) => [piece.model, piece.input_tokens]),
      [
        ["gemini-live-2.5-flash", 100],
        ["gemini-live-2.5-flash", 250],
      ],
    );
  });
}

test("messages in fragments, with pings in between, are read like whole ones", async () => {
  const talk = await converse(world, { path: googlePaths[0] });
  talk.send("client", fragments("client", JSON.stringify(setup), 5, { opcode: BINARY }));
  await talk.arrived();
  for (const message of turns) {
    const text = JSON.stringify(message);
    talk.send("server", fragments("server", text, Math.min(7, text.length), { opcode: BINARY }));
  }
  await talk.close();
  const { pieces } = apart(await world.records(3));
  assert.deepEqual(
    pieces.map((piece) => [piece.model, piece.input_tokens, piece.output_tokens]),
    [
      ["gemini-live-2.5-flash", 100, 40],
      ["gemini-live-2.5-flash", 250, 60],
    ],
  );
});

test("OpenAI's Live bills seconds, of which the last total counts, and the responses it delegates", async () => {
  const talk = await converse(world, { path: "/openai/v1/live/sessions" });
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
    talk.say("server", event);
  }
  await talk.close("server");
  const { closing, pieces } = apart(await world.records(5));
  const [one, two, decided, seconds] = pieces;
  assert.ok(one && two && decided && seconds);
  assertFields(one, { operation: "chat", response_id: "resp_1", model: "gpt-x-2026", input_tokens: 70 });
  assertFields(two, { operation: "chat", response_id: "resp_2", input_tokens: 80, output_tokens: 40 });
  assertFields(decided, { operation: "decision", response_id: "dec_1", model: "gpt-d", input_tokens: 12 });
  assertFields(seconds, {
    operation: "realtime",
    model,
    audio_seconds: 31.25,
    usage_state: "final",
    input_tokens: null,
  });
  assertFields(closing, { model, error_type: null });
});
