import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { littleHeld } from "../../../test/harness/little-held.ts";
import type { UsageReading } from "../../core/usage/usage.ts";
import type { ObservedRequest } from "../observe/observer.ts";
import { openSession, type SessionObserver } from "./session-observer.ts";
import type { TurnReading } from "./session-turns.ts";

const REALTIME = "/v1/realtime";
const RESPONSES = "/v1/responses";
const GOOGLE = "/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent";
const LIVE = "/v1/live/sessions";

interface TestSession {
  readonly observer: SessionObserver;
  readonly turns: readonly TurnReading[];
  readonly clock: { ms: number };
  send(sender: "client" | "server", message: unknown, cuts?: readonly number[]): void;
}

function startSession(path: string, query = ""): TestSession {
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
    send(sender, message, cuts = []) {
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

function readings({ turns }: TestSession): readonly UsageReading[] {
  return turns.map(({ reading }) => reading);
}

test("a WebSocket on an unknown path has no observer", () => {
  const request = { method: "GET", path: "/v1/files", query: "", exclusiveReasoning: false, upgrade: true } as const;
  const open = openSession(
    { ...request, contentType: undefined, contentEncoding: undefined },
    undefined,
    Date.now,
    () => {},
  );
  assert.equal(open, undefined);
});

test("a turn has the times of its own events", () => {
  const session = startSession(REALTIME, "model=gpt-realtime");
  session.clock.ms = 100;
  session.send("server", { type: "response.created", response: { id: "r1" } });
  session.clock.ms = 130;
  session.send("server", { type: "response.output_audio.delta", response_id: "r1", delta: "AAAA" });
  session.clock.ms = 150;
  session.send("server", { type: "response.output_audio.delta", response_id: "r1", delta: "AAAA" });
  session.send("server", done("r1"));
  const [turn] = session.turns;
  assert.equal(turn?.startedAt, 100);
  assert.equal(turn.reading.firstContentAt, 130);
  assert.equal(turn.complete, true);
});

test("a delta after the end of its response does not begin another", () => {
  const session = startSession(REALTIME);
  session.send("server", done("r1"));
  session.send("server", { type: "response.created", response: { id: "r2" } });
  session.send("server", { type: "response.output_audio.delta", response_id: "r1", delta: "AAAA" });
  session.send("server", done("r2"));
  session.observer.finish("aborted", undefined);
  assert.deepEqual(
    readings(session).map(({ responseId, state }) => [responseId, state]),
    [
      ["r1", "final"],
      ["r2", "final"],
    ],
  );
});

test("text inside a message that looks like an event is ignored", () => {
  const session = startSession(REALTIME);
  session.send("server", { type: "conversation.item.done", item: { text: JSON.stringify(done("r1", 999_999)) } });
  session.send("server", { type: "conversation.item.done", item: done("r1", 999_999) });
  assert.deepEqual(session.turns, []);
});

test("an event is read wherever it is split, with its type first or last", () => {
  const typeLast = { response: { usage: { output_tokens: 1, input_tokens: 7 }, id: "r1" }, type: "response.done" };
  for (const message of [done("r1", 7), { event_id: "e1", ...done("r1", 7) }, typeLast]) {
    const { length } = JSON.stringify(message);
    for (let cut = 1; cut < length; cut++) {
      const session = startSession(REALTIME);
      session.send("server", message, [cut, cut + 1]);
      assert.equal(session.turns[0]?.reading.usage?.inputTokens, 7);
    }
  }
});

test("if too many responses are open, the oldest is given up with the reason too_large", () => {
  const session = startSession(RESPONSES);
  for (let n = 0; n < 40; n++) {
    const response = { id: `r${n}`, status: "in_progress", model: "m" };
    session.send("server", { type: "response.created", stream_id: `s${n}`, response });
  }
  assert.equal(session.turns.length, 8);
  assert.deepEqual(
    readings(session).map(({ state, reason }) => `${state} ${reason}`),
    Array.from({ length: 8 }, () => "missing too_large"),
  );
  session.observer.finish("complete", undefined);
  assert.equal(session.turns.length, 40);
});

test("a failed event inside a response does not fail the response", () => {
  const session = startSession(RESPONSES);
  session.send("server", { type: "response.created", response: { id: "r1", status: "in_progress", model: "m" } });
  session.send("server", { type: "response.steer.failed", steer: { id: "s1" }, error: { code: "too_late" } });
  const usage = { input_tokens: 4, output_tokens: 2 };
  session.send("server", {
    type: "response.completed",
    response: { id: "r1", status: "completed", model: "m", usage },
  });
  const [reading] = readings(session);
  assert.equal(reading?.errorType, undefined);
  assert.equal(reading?.state, "final");
});

test("a Live session that was cut has the seconds reported last", () => {
  const session = startSession(LIVE);
  for (const seconds of [5, 10, 15.5]) session.send("server", { type: "session.usage.updated", usage: { seconds } });
  session.observer.finish("cut", undefined);
  const [reading] = readings(session);
  assert.equal(reading?.usage?.audioSeconds, 15.5);
  assert.equal(reading.state, "partial");
});

test("a Live turn without counters ends with the session and is missing", () => {
  const session = startSession(GOOGLE);
  session.send("server", { serverContent: { modelTurn: { parts: [] } } });
  session.send("server", { serverContent: { turnComplete: true } });
  session.observer.finish("aborted", undefined);
  const [reading] = readings(session);
  assert.equal(reading?.state, "missing");
  assert.equal(reading.reason, "absent");
});

test("a snapshot without counters keeps the counters before it", () => {
  const session = startSession(GOOGLE);
  const usage_metadata = { prompt_token_count: 4, response_token_count: 2, total_token_count: 6 };
  session.send("server", { server_content: { model_turn: {} }, usage_metadata });
  session.send("server", { usageMetadata: { trafficType: "ON_DEMAND" } });
  session.send("server", { server_content: { turn_complete: true } });
  const [reading] = readings(session);
  assert.equal(reading?.usage?.inputTokens, 4);
  assert.equal(reading.usage.outputTokens, 2);
  assert.equal(reading.usage.trafficType, "ON_DEMAND");
});

test("only the first message of a Live client is read", () => {
  const session = startSession(GOOGLE);
  assert.equal(session.observer.client?.begin(false), true);
  session.send("client", { setup: { model: "models/gemini-live" } });
  assert.equal(session.observer.client.begin(false), false);
});

test("a message of 50 MB passes without being kept", () => {
  const session = startSession(GOOGLE);
  const head = Buffer.from('{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"data":"');
  const tail = Buffer.from('"}}]},"turnComplete":true},"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}');
  const middle = Buffer.alloc(64 * 1024, "QUJD");
  const { server } = session.observer;
  assert.equal(server.begin(false), true);
  server.payload(head, 0, head.length, false);
  const pieces = Array.from({ length: 800 }, () => middle);
  for (const piece of littleHeld(pieces)) server.payload(piece, 0, piece.length, false);
  server.payload(tail, 0, tail.length, true);
  assert.equal(session.turns[0]?.reading.usage?.inputTokens, 3);
});

const HOSTILE = [
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

test("no message makes the observer throw, and every reading is consistent", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(REALTIME, RESPONSES, GOOGLE, LIVE),
      fc.array(
        fc.record({
          sender: fc.constantFrom("client" as const, "server" as const),
          message: fc.oneof(
            fc.constantFrom(...HOSTILE),
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
      (path, messages, ending) => {
        const session = startSession(path);
        for (const { sender, message, cut } of messages) session.send(sender, message, [cut]);
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
