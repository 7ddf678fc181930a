import assert from "node:assert/strict";
import { test } from "node:test";
import { shapeOf } from "../json/json-shape.ts";
import { SseReader } from "./sse.ts";

interface Seen {
  readonly documents: [unknown, string | undefined][];
  readonly asked: string[];
  invalid: number;
  ended: number;
}

function parse(text: string, wanted = true): Seen {
  const seen: Seen = { documents: [], asked: [], invalid: 0, ended: 0 };
  const reader = new SseReader(shapeOf({ n: "value" }), {
    wants: (bytes, from, to) => {
      seen.asked.push(bytes.toString("utf8", from, to));
      return wanted;
    },
    document: (document, event) => seen.documents.push([document["n"], event]),
    invalid: () => seen.invalid++,
    ended: () => seen.ended++,
  });
  const bytes = Buffer.from(text);
  reader.push(bytes, 0, bytes.length);
  reader.end();
  return seen;
}

const CASES: readonly (readonly [title: string, text: string, documents: readonly unknown[]])[] = [
  [
    "an empty line ends a frame",
    'data: {"n":1}\n\ndata: {"n":2}\n\n',
    [
      [1, undefined],
      [2, undefined],
    ],
  ],
  ["the space after the colon may be missing", 'data:{"n":1}\n\n', [[1, undefined]]],
  ["data lines of a frame are joined", 'data: {\ndata: "n"\ndata::1}\n\n', [[1, undefined]]],
  [
    "an event name belongs to its own frame",
    'event: a\ndata: {"n":1}\n\ndata: {"n":2}\n\n',
    [
      [1, "a"],
      [2, undefined],
    ],
  ],
  ["an event name may follow the data", 'data: {"n":1}\nevent:a\n\n', [[1, "a"]]],
  [
    "comments, ids, retries and unknown fields are ignored",
    ': {"n":0}\nid: 1\nretry: 5\ndatum: {"n":3}\ndata: {"n":1}\n\n',
    [[1, undefined]],
  ],
  ["an event without data is no frame", "event: ping\n\nevent: ping\n\n", []],
  ["the end of the stream ends a frame", 'data: {"n":1}', [[1, undefined]]],
  [
    "a lone carriage return ends a line",
    'data: {"n":1}\r\rdata: {"n":2}\r\r',
    [
      [1, undefined],
      [2, undefined],
    ],
  ],
  ["nothing counts after the end mark", 'data: [DONE] \n\ndata: {"n":1}\n\n', []],
  [
    "a frame that is no JSON does not stop the next",
    'data: {"n"\n\ndata: {"n":1}\n\n',
    [
      [undefined, undefined],
      [1, undefined],
    ],
  ],
  ["the word data alone is an empty line of data", 'data\ndata: {"n":1}\n\n', [[1, undefined]]],
];

for (const [title, text, documents] of CASES) {
  test(title, () => assert.deepEqual(parse(text).documents, documents));
}

test("the end mark is told once and is no frame", () => {
  const seen = parse("data: [DONE]\n\ndata: [DONE]\n\n");
  assert.deepEqual([seen.ended, seen.asked], [1, []]);
});

test("a frame that is not wanted is not parsed", () => {
  const seen = parse('data: {"n":1}\n\n', false);
  assert.deepEqual([seen.asked, seen.documents], [['{"n":1}'], []]);
});

test("a frame too large to hold is read without asking, in one line or in many", () => {
  const pad = `"pad":"${"x".repeat(30_000)}"`;
  assert.deepEqual(parse(`event: e\ndata: {${pad},"n":1}\n\n`), {
    documents: [[1, "e"]],
    asked: [],
    invalid: 0,
    ended: 0,
  });
  const line = `data: "p":"${"x".repeat(9000)}",\n`;
  const seen = parse(`data: {\n${line.repeat(4)}data: "n":1}\n\ndata: {"n":2}\n\n`);
  assert.deepEqual(seen.documents, [
    [1, undefined],
    [2, undefined],
  ]);
  assert.deepEqual(seen.asked, ['{"n":2}']);
});

test("a comment of any length is skipped", () => {
  assert.deepEqual(parse(`:${"x".repeat(100_000)}\ndata: {"n":1}\n\n`).documents, [[1, undefined]]);
});

test("invalid frames are counted", () => assert.equal(parse("data: {\n\ndata: x\n\n").invalid, 2));
