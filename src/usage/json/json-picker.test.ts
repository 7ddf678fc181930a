import assert from "node:assert/strict";
import { test } from "node:test";
import { type Fields, fieldsAt, listAt, member } from "./fields.ts";
import { JsonPicker } from "./json-picker.ts";
import { Each, shapeOf, unionOf } from "./json-shape.ts";

const SHAPE = shapeOf({ id: "value", usage: "value", error: { code: "value" }, items: { kind: "value" } });

function pick(text: string): { documents: Fields[]; end: string } {
  const documents: Fields[] = [];
  const picker = new JsonPicker(SHAPE, (document) => documents.push(document));
  const bytes = Buffer.from(text);
  picker.push(bytes, 0, bytes.length);
  const end = picker.end();
  return { documents: withPrototypes(documents), end };
}

function withPrototypes<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T; // Reason for the cast: only the prototypes differ.
}

const CASES: readonly (readonly [title: string, text: string, documents: readonly unknown[], end: string])[] = [
  ["takes wanted members and nothing else", '{"a":1,"id":"x","b":{"id":2}}', [{ id: "x" }], "complete"],
  [
    "reads through white space",
    ' \n\t{ "id" :\r\n 1.5e3 , "usage" : [ 1 , {} ] } \n',
    [{ id: 1500, usage: [1, {}] }],
    "complete",
  ],
  ["skips strings that look like structure", '{"a":"}{\\"id\\":1","id":"\\\\"}', [{ id: "\\" }], "complete"],
  ["reads members of an object", '{"error":{"message":"m","code":"c"}}', [{ error: { code: "c" } }], "complete"],
  [
    "reads members of the objects of an array",
    '{"items":[{"kind":1},7,[{"kind":2}],{}]}',
    [{ items: [{ kind: 1 }, {}] }],
    "complete",
  ],
  ["keeps an empty array", '{"items":[]}', [{ items: [] }], "complete"],
  [
    "takes a scalar in place of an object",
    '{"error":"text","items":null}',
    [{ error: "text", items: null }],
    "complete",
  ],
  ["reads an array as documents", '[{"id":1},2,"x",[3],\n{"id":4}]', [{ id: 1 }, { id: 4 }], "complete"],
  ["keeps the last of two members", '{"id":1,"id":{"x":2}}', [{ id: { x: 2 } }], "complete"],
  ["reads escaped names", '{"\\u0069d":1}', [{ id: 1 }], "complete"],
  ["omits a value that is not JSON", '{"id":tru,"usage":1}', [{ usage: 1 }], "complete"],
  ["emits the members of a truncated document", '{"id":1,"usage":{"a"', [{ id: 1 }], "invalid"],
  ["omits a truncated number", '{"id":12', [{}], "invalid"],
  ["reports a truncated array as invalid", '[{"id":1}', [{ id: 1 }], "invalid"],
  ["reports an empty body", " \n", [], "empty"],
  ["reports HTML as invalid", "<html>", [], "invalid"],
  ["stops at a missing value", '{"id":}', [{}], "invalid"],
  ["stops at a bracket that closes nothing", '{"items":[}]}', [{ items: [] }], "invalid"],
  ["stops at a control byte", '{"id":\u0001}', [{}], "invalid"],
  ["stops at a member without a name", "{1:2}", [{}], "invalid"],
  ["stops at a comma in place of a colon", '{"id",1}', [{}], "invalid"],
  ["ignores bytes after the document", '{"id":1}{"id":2}', [{ id: 1 }], "complete"],
];

for (const [title, text, documents, end] of CASES) {
  test(title, () => assert.deepEqual(pick(text), { documents, end }));
}

test("a value of more than 60 KiB is omitted", () => {
  const text = `{"id":"${"x".repeat(61 * 1024)}","usage":{"a":1}}`;
  assert.deepEqual(pick(text).documents, [{ usage: { a: 1 } }]);
});

test("a value that exceeds the 60 KiB of a document is omitted", () => {
  const part = "x".repeat(40 * 1024);
  assert.deepEqual(pick(`{"id":"${part}","usage":"${part}"}`).documents, [{ id: part }]);
});

test("a value nested more than 32 levels deep is omitted", () => {
  const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
  assert.deepEqual(pick(`{"id":${nested(33)},"usage":[]}`).documents, [{ usage: [] }]);
  assert.equal("id" in (pick(`{"id":${nested(32)}}`).documents[0] ?? {}), true);
});

test("at most 256 objects of an array are kept", () => {
  const items = Array<string>(300).fill('{"kind":1}').join(",");
  const [document] = pick(`{"items":[${items}],"id":1}`).documents;
  assert.equal(listAt(document, "items")?.length, 256);
  assert.equal(document?.["id"], 1);
});

test("the objects of a long array are emitted as they end, and not kept", () => {
  const documents: Fields[] = [];
  const shape = shapeOf({ id: "value", deep: { list: new Each({ n: "value" }) } });
  const picker = new JsonPicker(shape, (document) => documents.push(document));
  const push = (text: string): void => picker.push(Buffer.from(text), 0, text.length);
  push('{"deep":{"list":[{"n":1,"x":2},7,{"n"');
  assert.deepEqual(withPrototypes(documents), [{ list: { n: 1 } }]);
  push(":2},{}],");
  assert.deepEqual(withPrototypes(documents), [{ list: { n: 1 } }, { list: { n: 2 } }, { list: {} }]);
  push('"list":{"n":3}},"id":"x"}');
  assert.deepEqual(withPrototypes(documents.slice(3)), [{ deep: { list: { n: 3 } }, id: "x" }]);
  assert.equal(picker.end(), "complete");
});

test("each object of a long array may be as large as a whole document", () => {
  const documents: Fields[] = [];
  const shape = shapeOf({ list: new Each({ text: "value" }) });
  const picker = new JsonPicker(shape, (document) => documents.push(document));
  const text = JSON.stringify({ list: Array.from({ length: 10 }, () => ({ text: "x".repeat(50_000) })) });
  picker.push(Buffer.from(text), 0, text.length);
  const lengths = documents.map((document) => String(member(fieldsAt(document, "list"), "text")).length);
  assert.deepEqual(lengths.slice(0, 10), Array<number>(10).fill(50_000));
});

test("a text is emitted as raw bytes, in the pieces it arrives in", () => {
  const pieces: string[] = [];
  const picker = new JsonPicker(
    shapeOf({ text: "text" }),
    () => {},
    (bytes, from, to) => pieces.push(bytes.toString("utf8", from, to)),
  );
  for (const part of ['{"a":"no","text":"so', 'me \\"', ' more","text', '":1', "}"]) {
    picker.push(Buffer.from(part), 0, part.length);
  }
  assert.deepEqual(pieces, ['"so', 'me \\"', ' more"', "1", ""]);
});

test("a union has the members of all its specs, and nested specs win over whole values", () => {
  const union = unionOf([
    { a: "value", b: { c: "value" }, list: new Each({ x: "value" }) },
    { a: { d: "value" }, b: { e: "value" }, list: new Each({ y: "value" }) },
    { b: "value" },
  ]);
  assert.deepEqual(union, {
    a: { d: "value" },
    b: { c: "value", e: "value" },
    list: new Each({ x: "value", y: "value" }),
  });
});
