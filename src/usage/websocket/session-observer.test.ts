import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import type { UsageReading } from "../../core/usage/usage.ts";
import type { ObservedRequest } from "../observe/observer.ts";
import { openSession, type SessionObserver } from "./session-observer.ts";
import type { TurnReading } from "./session-turns.ts";

const REALTIME = "/v1/realtime";
const RESPONSES = "/v1/responses";
const GOOGLE = "/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent";
const LIVE = "/v1/live/sessions";

interface Watched {
  readonly observer: SessionObserver;
  readonly turns: readonly TurnReading[];
  readonly clock: { ms: number };
  say(sender: "client" | "server", message: unknown, cuts?: readonly number[]): void;
}

function watch(path: string, query = ""): Watched {
  const turns: TurnReading[] = [];
  const clock = { ms: 0 };
  const request: ObservedRequest = {
    method: "GET",
    path,
    query,
    exclusiveReasoning: false,
    upgrade: true,
    contentType: undefined,
    contentEncoding: undefined,
  };
  const observer = openSession(
    request,
    undefined,
    () => clock.ms,
    (turn) => turns.push(turn),
  );
  assert.ok(observer);
  return {
    observer,
    turns,
    clock,
    say(sender, message, cuts = []) {
      const bytes = Buffer.from(typeof message === "string" ? message : JSON.stringify(message));
      const reader = observer[sender];
      if (reader?.begin(false) !== true) return;
      const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length];
      let from = 0;
      for (const [index, to] of ends.entries()) {
        reader.payload(bytes, from, to, index === ends.length - 1);
        from = to;
      }
    },
  };
}

function done(id: string, input = 10): object {
  return {
    type: "response.done",
    response: { id, status: "completed", usage: { input_tokens: input, output_tokens: 1 } },
  };
}

function readings({ turns }: Watched): readonly UsageReading[] {
  return turns.map(({ reading }) => reading);
}

test("a socket of unknown purpose has no observer", () => {
  const request = { method: "GET", path: "/v1/files", query: "", exclusiveReasoning: false, upgrade: true } as const;
  const open = openSession(
    { ...request, contentType: undefined, contentEncoding: undefined },
    undefined,
    Date.now,
    () => {},
  );
  assert.equal(open, undefined);
});

test("the times of a response are those of its own events", () => {
  const session = watch(REALTIME, "model=gpt-realtime");
  session.clock.ms = 100;
  session.say("server", { type: "response.created", response: { id: "r1" } });
  session.clock.ms = 130;
  session.say("server", { type: "response.output_audio.delta", response_id: "r1", delta: "AAAA" });
  session.clock.ms = 150;
  session.say("server", { type: "response.output_audio.delta", response_id: "r1", delta: "AAAA" });
  session.say("server", done("r1"));
  const [turn] = session.turns;
  assert.equal(turn?.startedAt, 100);
  assert.equal(turn.reading.firstContentAt, 130);
  assert.equal(turn.complete, true);
});

test("a delta behind the end of its response begins no other", () => {
  const session = watch(REALTIME);
  session.say("server", done("r1"));
  session.say("server", { type: "response.created", response: { id: "r2" } });
  session.say("server", { type: "response.output_audio.delta", response_id: "r1", delta: "AAAA" });
  session.say("server", done("r2"));
  session.observer.finish("aborted", undefined);
  assert.deepEqual(
    readings(session).map(({ responseId, state }) => [responseId, state]),
    [
      ["r1", "final"],
      ["r2", "final"],
    ],
  );
});

test("text that looks like an event inside a message is text", () => {
  const session = watch(REALTIME);
  session.say("server", { type: "conversation.item.done", item: { text: JSON.stringify(done("r1", 999_999)) } });
  session.say("server", { type: "conversation.item.done", item: done("r1", 999_999) });
  assert.deepEqual(session.turns, []);
});

test("an event is read wherever it is cut, with its type in front or behind", () => {
  const behind = { response: { usage: { output_tokens: 1, input_tokens: 7 }, id: "r1" }, type: "response.done" };
  for (const message of [done("r1", 7), { event_id: "e1", ...done("r1", 7) }, behind]) {
    const { length } = JSON.stringify(message);
    for (let cut = 1; cut < length; cut++) {
      const session = watch(REALTIME);
      session.say("server", message, [cut, cut + 1]);
      assert.equal(session.turns[0]?.reading.usage?.inputTokens, 7);
    }
  }
});

test("of too many open responses the oldest is given up, and said to be", () => {
  const session = watch(RESPONSES);
  for (let n = 0; n < 40; n++) {
    const response = { id: `r${n}`, status: "in_progress", model: "m" };
    session.say("server", { type: "response.created", stream_id: `s${n}`, response });
  }
  assert.equal(session.turns.length, 8);
  assert.deepEqual(
    readings(session).map(({ state, reason }) => `${state} ${reason}`),
    Array.from({ length: 8 }, () => "missing too_large"),
  );
  session.observer.finish("complete", undefined);
  assert.equal(session.turns.length, 40);
});

test("what fails inside a response does not fail the response", () => {
  const session = watch(RESPONSES);
  session.say("server", { type: "response.created", response: { id: "r1", status: "in_progress", model: "m" } });
  session.say("server", { type: "response.steer.failed", steer: { id: "s1" }, error: { code: "too_late" } });
  const usage = { input_tokens: 4, output_tokens: 2 };
  session.say("server", { type: "response.completed", response: { id: "r1", status: "completed", model: "m", usage } });
  const [reading] = readings(session);
  assert.equal(reading?.errorType, undefined);
  assert.equal(reading?.state, "final");
});

test("the seconds of a Live session that broke off are those told last", () => {
  const session = watch(LIVE);
  for (const seconds of [5, 10, 15.5]) session.say("server", { type: "session.usage.updated", usage: { seconds } });
  session.observer.finish("cut", undefined);
  const [reading] = readings(session);
  assert.equal(reading?.usage?.audioSeconds, 15.5);
  assert.equal(reading.state, "partial");
});

test("a Live turn without counters is complete when the session is over, but unknown", () => {
  const session = watch(GOOGLE);
  session.say("server", { serverContent: { modelTurn: { parts: [] } } });
  session.say("server", { serverContent: { turnComplete: true } });
  session.observer.finish("aborted", undefined);
  const [reading] = readings(session);
  assert.equal(reading?.state, "missing");
  assert.equal(reading.reason, "absent");
});

test("counters that know only the kind of traffic leave those before them alone", () => {
  const session = watch(GOOGLE);
  const usage_metadata = { prompt_token_count: 4, response_token_count: 2, total_token_count: 6 };
  session.say("server", { server_content: { model_turn: {} }, usage_metadata });
  session.say("server", { usageMetadata: { trafficType: "ON_DEMAND" } });
  session.say("server", { server_content: { turn_complete: true } });
  const [reading] = readings(session);
  assert.equal(reading?.usage?.inputTokens, 4);
  assert.equal(reading.usage.outputTokens, 2);
  assert.equal(reading.usage.trafficType, "ON_DEMAND");
});

test("behind its first message a Live client is not listened to", () => {
  const session = watch(GOOGLE);
  assert.equal(session.observer.client?.begin(false), true);
  session.say("client", { setup: { model: "models/gemini-live" } });
  assert.equal(session.observer.client.begin(false), false);
});

test("a message of 50 MB passes without being kept", () => {
  const session = watch(GOOGLE);
  const head = Buffer.from('{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"data":"');
  const tail = Buffer.from('"}}]},"turnComplete":true},"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}');
  const middle = Buffer.alloc(64 * 1024, "QUJD");
  const { server } = session.observer;
  const before = process.memoryUsage();
  assert.equal(server.begin(false), true);
  server.payload(head, 0, head.length, false);
  for (let at = 0; at < 800; at++) server.payload(middle, 0, middle.length, false);
  const after = process.memoryUsage();
  server.payload(tail, 0, tail.length, true);
  assert.ok(after.arrayBuffers - before.arrayBuffers < 256 * 1024);
  assert.equal(session.turns[0]?.reading.usage?.inputTokens, 3);
});

const nasty = [
  '{"type":"response.done","response":{"id":"__proto__","usage":{"__proto__":{"input_tokens":5}}}}',
  '{"type":"response.done","response":[]}',
  '{"type":"response.done","response":{"id":{},"usage":"many"}}',
  '{"type":{"a":1},"response":{"id":"x"}}',
  '{"type":"response.created","response":{"id":"' + "x".repeat(100_000) + '"}}',
  '{"serverContent":[],"usageMetadata":{"promptTokenCount":-1,"totalTokenCount":1e400}}',
  '{"type":"response.event","event":{"response":null}}',
  `${'{"response":'.repeat(10_000)}1${"}".repeat(10_000)}`,
  "[[[[",
  '{"type":"response.done"',
  "",
  "null",
];

test("nothing that either side says makes the observer throw, and every reading is sound", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(REALTIME, RESPONSES, GOOGLE, LIVE),
      fc.array(
        fc.record({
          sender: fc.constantFrom("client" as const, "server" as const),
          message: fc.oneof(
            fc.constantFrom(...nasty),
            fc.json(),
            fc.string(),
            fc
              .record({
                type: fc.constantFrom(
                  "response.created",
                  "response.done",
                  "response.completed",
                  "error",
                  "response.event",
                ),
                stream_id: fc.string({ maxLength: 2 }),
                response: fc.record({ id: fc.string({ maxLength: 2 }), usage: fc.object(), status: fc.string() }),
                event: fc.object(),
                serverContent: fc.object(),
                usageMetadata: fc.dictionary(fc.constantFrom("promptTokenCount", "totalTokenCount"), fc.anything()),
              })
              .map((message) =>
                JSON.stringify(message, (_, value: unknown) => (typeof value === "bigint" ? 1 : value)),
              ),
          ),
          cut: fc.nat({ max: 200 }),
        }),
        { maxLength: 12 },
      ),
      fc.constantFrom("complete" as const, "aborted" as const, "cut" as const),
      (path, said, ending) => {
        const session = watch(path);
        for (const { sender, message, cut } of said) session.say(sender, message, [cut]);
        const closing = session.observer.finish(ending, undefined);
        assert.equal(closing.state, "not_applicable");
        for (const { usage } of readings(session)) {
          assert.ok((usage?.inputTokens ?? 0) >= 0);
          assert.ok((usage?.cachedInputTokens ?? 0) <= (usage?.totalInputTokens ?? Infinity));
        }
      },
    ),
    { numRuns: 300 },
  );
});
