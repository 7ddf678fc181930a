import assert from "node:assert/strict";
import { test } from "node:test";
import { DecoderPool } from "../../usage/decode/decoder-pool.ts";
import type { ObservedRequest, ObservedResponse } from "../../usage/observe/observer.ts";
import { readUnfinished } from "../../usage/observe/read-unfinished.ts";
import { GuardedObserver } from "./guarded-observer.ts";

const CHAT: ObservedRequest = {
  method: "POST",
  path: "/v1/chat/completions",
  query: "",
  exclusiveReasoning: false,
  upgrade: false,
  contentType: "application/json",
  contentEncoding: undefined,
};

const EVENTS: ObservedResponse = {
  status: 200,
  contentType: "text/event-stream",
  contentEncoding: undefined,
  hasBody: true,
  header: () => undefined,
};

const EVENT = Buffer.from('data: {"choices":[{"delta":{"content":"a"}}],"usage":{"total_tokens":11}}\n\n');

function brokenClock(): number {
  throw new Error("no clock");
}

test("an observer that throws has the reason observer_error, and no error reaches the exchange", () => {
  const observer = new GuardedObserver(CHAT, brokenClock, new DecoderPool());
  observer.responseHead(EVENTS);
  observer.responseBytes(EVENT);
  observer.responseBytes(EVENT);
  const { reason, dialect } = observer.finish({ kind: "complete" });
  assert.deepEqual([reason, dialect], ["observer_error", "openai.chat"]);
});

test("a failed observer expects no usage, and says so while the exchange is running", () => {
  const observer = new GuardedObserver(CHAT, brokenClock, new DecoderPool());
  assert.equal(observer.expectsUsage, true);
  observer.responseHead(EVENTS);
  observer.responseBytes(EVENT);
  assert.equal(observer.expectsUsage, false);
  assert.equal(observer.unfinished().failed, true);
  assert.equal(readUnfinished(CHAT, observer.unfinished()).reason, "observer_error");
});
