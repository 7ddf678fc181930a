// A body that comes in one piece is reduced to its wanted members and read from them later. Both ways must read alike.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Step } from "../corpus/exchange.ts";
import { loadCorpus } from "../corpus/load.ts";
import { readingOf, readingOfExtracts } from "../corpus/observed.ts";
import { rounds } from "../harness/sampling.ts";
import { JsonExtractor } from "../../src/usage/json/json-extractor.ts";
import { JsonPicker } from "../../src/usage/json/json-picker.ts";
import { shapeOf } from "../../src/usage/json/json-shape.ts";

const steps: readonly Step[] = loadCorpus().flatMap(({ exchange }) => exchange.steps);

test("every exchange of the corpus that is read by way of extracts is read the same", () => {
  let read = 0;
  for (const step of steps) {
    for (const estimate of [true, false]) {
      const delivery = { pieces: [step.response.body], estimate };
      const reading = readingOfExtracts(step, delivery);
      if (reading === undefined) continue;
      read++;
      assert.deepEqual(
        reading,
        readingOf(step, { pieces: inPieces(step.response.body), estimate }),
        step.request.target,
      );
    }
  }
  assert.ok(read > steps.length / 2, `${read} readings of ${steps.length} exchanges`);
});

/** A body in pieces is for the general reader: byte by byte in a full run, else in a few pieces. */
function inPieces(body: Buffer): readonly Buffer[] {
  const size = rounds(1, Math.max(1, Math.ceil(body.length / 3)));
  return Array.from({ length: Math.ceil(body.length / size) }, (_, at) => body.subarray(at * size, (at + 1) * size));
}

const SHAPE = shapeOf({
  id: "value",
  usage: "value",
  error: { type: "value", code: "value" },
  choices: { finish_reason: "value", delta: { content: "value" } },
});
const names = fc.constantFrom("id", "usage", "error", "choices", "type", "finish_reason", "delta", "x", "", "i\\u0064");
const space = fc.constantFrom("", "", "", " ", "\n", "\t \r\n");
const scalar = fc.constantFrom(
  "1",
  "-0.5e3",
  "true",
  "null",
  '"a"',
  '"\\"}"',
  '"é😀"',
  '"\\u0022"',
  "nul",
  "01",
  '""',
  "1 2",
);

const { object } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    tie("object"),
    fc.tuple(fc.array(tie("value"), { maxLength: 4 }), space).map(([items, gap]) => `[${gap}${items.join(`,${gap}`)}]`),
  ),
  object: fc
    .tuple(fc.array(fc.tuple(names, tie("value"), space), { maxLength: 5 }), fc.constantFrom("}", "}", "}", ",}", ""))
    .map(
      ([members, end]) => `{${members.map(([name, of, gap]) => `${gap}"${name}"${gap}:${gap}${of}`).join(",")}${end}`,
    ),
}));

test("an extract has the members that the general reader takes from the same bytes", () => {
  const extractor = new JsonExtractor();
  let extracted = 0;
  const property = fc.property(object, fc.constantFrom("", " ", "}", '{"id":2}'), (text, after) => {
    const bytes = Buffer.from(text + after);
    const extract = extractor.extract(bytes, 0, bytes.length, SHAPE);
    if (extract === undefined) return;
    extracted++;
    assert.deepEqual(picked(Buffer.from(extract)), picked(bytes));
  });
  fc.assert(property, { numRuns: rounds(50_000, 5_000) });
  assert.ok(extracted > 100, `${extracted} extracts`);
});

function picked(bytes: Buffer): unknown[] {
  const documents: unknown[] = [];
  const picker = new JsonPicker(SHAPE, (document) => documents.push(document));
  picker.push(bytes, 0, bytes.length);
  return [picker.end(), ...documents];
}

test("nothing is extracted from a document that is incomplete, wherever it is cut", () => {
  const extractor = new JsonExtractor();
  const whole = Buffer.from(
    '{"id":"a\\"b","x":[1,{"y":"]"}],"usage":{"n":12},"choices":[{"finish_reason":"stop"}, 5]}',
  );
  assert.equal(
    extractor.extract(whole, 0, whole.length, SHAPE),
    '{"id":"a\\"b","usage":{"n":12},"choices":[{"finish_reason":"stop"}]}',
  );
  for (let end = 0; end < whole.length; end++) assert.equal(extractor.extract(whole, 0, end, SHAPE), undefined);
});
