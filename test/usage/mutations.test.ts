import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { loadCorpus } from "../corpus/load.ts";
import { readingOf } from "../corpus/observed.ts";

const exchanges = loadCorpus().flatMap(({ name, exchange }) =>
  exchange.steps.filter(({ response }) => response.body.length < 10_000).map((step) => ({ name, step })),
);

/** Replaces a range of the body by other bytes, by nothing, by itself twice, or by an unexpected value. */
const mutation = fc.record({
  at: fc.nat(),
  length: fc.nat({ max: 12 }),
  by: fc.oneof(
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    fc.constant("twice" as const),
    fc
      .constantFrom(
        "null",
        "-1",
        "1e400",
        '"12"',
        "[]",
        "[[[",
        "{}",
        '{"__proto__":{"x":1}}',
        "[{}]",
        '"\\u0000"',
        "\r\n\r\n",
      )
      .map((text) => Buffer.from(text)),
  ),
});

test("R72: every exchange, damaged anywhere, is read without an exception and with the same result wherever it is split", () => {
  const property = fc.property(
    fc.constantFrom(...exchanges),
    fc.array(mutation, { minLength: 1, maxLength: 4 }),
    fc.array(fc.nat(), { maxLength: 4 }),
    ({ name, step }, mutations, cuts) => {
      const body = mutations.reduce(mutated, step.response.body);
      const reading = readingOf(step, { pieces: [body] });
      assert.notEqual(reading.reason, "observer_error");
      assert.deepEqual(readingOf(step, { pieces: cutAt(body, cuts) }), reading, name);
      assert.deepEqual(readingOf(step, { pieces: bytewise(body) }), reading, name);

      const { usage } = reading;
      const parts = (usage?.cachedInputTokens ?? 0) + (usage?.cacheWriteTokens ?? 0);
      if (usage?.totalInputTokens !== undefined) assert.ok(parts <= usage.totalInputTokens, name);
      if (usage?.totalOutputTokens !== undefined) {
        assert.ok((usage.reasoningTokens ?? 0) <= usage.totalOutputTokens, name);
      }
    },
  );
  fc.assert(property, { numRuns: 2000 });
  assert.equal("x" in {}, false);
});

function mutated(body: Buffer, { at, length, by }: { at: number; length: number; by: Buffer | "twice" }): Buffer {
  const start = at % (body.length + 1);
  const end = Math.min(body.length, start + length);
  const middle = by === "twice" ? Buffer.concat([body.subarray(start, end), body.subarray(start, end)]) : by;
  return Buffer.concat([body.subarray(0, start), middle, body.subarray(end)]);
}

function cutAt(body: Buffer, cuts: readonly number[]): Buffer[] {
  const within = cuts.map((cut) => cut % (body.length + 1)).toSorted((a, b) => a - b);
  const edges = [0, ...within, body.length];
  return edges.slice(1).map((edge, index) => body.subarray(edges[index], edge));
}

function* bytewise(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at++) yield body.subarray(at, at + 1);
}
