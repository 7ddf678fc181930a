/** Responses similar to those of the corpus: values of the wrong type, missing or unexpected members, megabytes of images. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { UsageReading, Usage } from "../../src/core/usage/usage.ts";
import { loadCorpus } from "../corpus/load.ts";
import { readingOf } from "../corpus/observed.ts";
import { littleHeld } from "../harness/little-held.ts";
import { EVENTS, read } from "./observe.ts";

const exchanges = loadCorpus().flatMap(({ name, exchange }) =>
  exchange.steps.filter(({ response }) => response.body.length < 10_000).map((step) => ({ name, step })),
);

const ODD = [
  "null",
  "-1",
  "1e400",
  "9007199254740994",
  '"many"',
  "[]",
  "{}",
  "[[5]]",
  '{"__proto__":{"input_tokens":7}}',
  "true",
  `"${"x".repeat(70_000)}"`,
];

test("S43: a value of the wrong type anywhere makes a counter unknown and never causes an exception or a negative counter", () => {
  for (const { name, step } of exchanges) {
    const text = step.response.body.toString();
    for (const [at, value] of valuesIn(text)) {
      const odd = ODD[at % ODD.length] ?? "null";
      const body = Buffer.from(text.slice(0, at) + odd + text.slice(at + value.length));
      assertValid(readingOf(step, { pieces: [body] }), `${name} with ${odd.slice(0, 20)} at ${at}`);
    }
  }
});

test("members with names of JavaScript's object prototype are ordinary members", () => {
  const requests: readonly (readonly [path: string, usage: string])[] = [
    ["/v1/conversations", '"object":"conversation.response","usage":{"prompt_tokens":1,"connectors":NAMES}'],
    ["/v2/chat", '"usage":{"billed_units":NAMES,"tokens":NAMES}'],
    ["/v1/images/generations", '"usage":{"input_tokens":1,"input_tokens_details":NAMES}'],
    ["/v1/batches", '"status":"completed","usage":{"input_tokens":1,"input_tokens_details":NAMES}'],
  ];
  for (const [path, members] of requests) {
    const names = '{"__proto__":3,"constructor":4,"toString":5,"hasOwnProperty":6}';
    const reading = read({ request: { path }, body: `{${members.replaceAll("NAMES", names)}}` });
    assertValid(reading, path);
    assert.ok(!Object.hasOwn(reading.usage?.toolCalls ?? {}, "__proto__"), path);
  }
  assert.equal(Object.getOwnPropertyDescriptor(Object.prototype, "input_tokens"), undefined);
});

test("the usage after eight megabytes of images is read in constant memory, plain and streamed", () => {
  const usage = '"usage":{"input_tokens":60,"output_tokens":1056,"total_tokens":1116}';
  const piece = Buffer.alloc(64 * 1024, "A");
  function* plain(): Generator<Buffer> {
    yield Buffer.from('{"created":1,"data":[');
    for (let image = 0; image < 300; image++) {
      yield Buffer.from(`${image === 0 ? "" : ","}{"b64_json":"`);
      yield image < 128 ? piece : Buffer.from("AA");
      yield Buffer.from('"}');
    }
    yield Buffer.from(`],${usage}}`);
  }
  function* streamed(): Generator<Buffer> {
    for (const [type, end] of [
      ["partial_image", ""],
      ["completed", `,${usage}`],
    ]) {
      yield Buffer.from(`event: image_generation.${type}\ndata: {"type":"image_generation.${type}","b64_json":"`);
      for (let count = 0; count < 64; count++) yield piece;
      yield Buffer.from(`"${end}}\n\n`);
    }
  }
  const request = { path: "/v1/images/generations" };
  const whole = read({ request, body: littleHeld(plain()) });
  const events = read({ request, response: EVENTS, body: littleHeld(streamed()) });
  assert.deepEqual([whole.state, whole.usage?.totalTokens, whole.usage?.images], ["final", 1116, 300]);
  assert.deepEqual([events.state, events.usage?.totalTokens, events.usage?.images], ["final", 1116, 1]);
});

test("an agent's session with more turns than the limit counts each turn once", () => {
  const turns = Array.from({ length: 500 }, (_, turn) => turn);
  const body = turns
    .flatMap((turn) => [turn, turn])
    .map((turn) => ({ type: "agent.session.turn.completed", turn_id: `turn_${turn}`, usage: { input_tokens: 2 } }))
    .map((event) => `data: ${JSON.stringify(event)}\n\n`)
    .join("");
  const reading = read({ request: { path: "/v1/agents/sessions" }, response: EVENTS, body });
  assert.deepEqual([reading.state, reading.usage?.totalInputTokens], ["final", 1000]);
});

test("text that looks like the end of a response does not end it", () => {
  const line = JSON.stringify({ model: "m", message: { content: '"done":true,"eval_count":999' }, done: false });
  const request = { path: "/api/chat" };
  const response = { contentType: "application/x-ndjson" };
  const cut = read({ request, response, body: `${line}\n` });
  assert.deepEqual([cut.state, cut.reason, cut.usage], ["missing", "cut", undefined]);
});

function assertValid(reading: UsageReading, what: string): void {
  assert.notEqual(reading.reason, "observer_error", what);
  const { usage } = reading;
  if (usage === undefined) return;
  for (const part of [usage, ...(usage.extraItems ?? [])]) assertValidCounters(part, what);
  const { totalInputTokens: input, totalOutputTokens: output, cachedInputTokens = 0, cacheWriteTokens = 0 } = usage;
  if (input !== undefined) assert.ok(cachedInputTokens + cacheWriteTokens <= input, what);
  if (output !== undefined) assert.ok((usage.reasoningTokens ?? 0) <= output, what);
}

function assertValidCounters(usage: Usage, what: string): void {
  const members: readonly (readonly [string, unknown])[] = Object.entries(usage);
  for (const [name, count] of members) {
    if (typeof count === "number") assert.ok(Number.isFinite(count) && count >= 0, `${what}: ${name} is ${count}`);
    else if (typeof count === "object" && count !== null && name !== "raw" && name !== "extraItems") {
      for (const part of Object.values(count)) assert.ok(typeof part === "number" && part >= 0, `${what}: ${name}`);
    }
  }
}

/** The approximate positions of values in a body: after a name, up to the next comma or bracket. */
function valuesIn(text: string): readonly (readonly [at: number, value: string])[] {
  return [...text.matchAll(/"[\w-]+":("(?:[^"\\]|\\.)*"|[-\w.]+)/g)].map((match) => {
    const value = match[1] ?? "";
    return [match.index + match[0].length - value.length, value];
  });
}
