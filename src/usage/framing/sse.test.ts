import assert from "node:assert/strict";
import { test } from "node:test";
import { shapeOf } from "../json/json-shape.ts";
import { SseReader } from "./sse.ts";

interface Parsed {
  readonly documents: [unknown, string | undefined][];
  readonly offered: string[];
  invalid: number;
  ended: number;
}

function parse(text: string, wanted = true): Parsed {
  const parsed: Parsed = { documents: [], offered: [], invalid: 0, ended: 0 };
  const reader = new SseReader(shapeOf({ n: "value" }), {
    wants: (bytes, from, to) => {
      parsed.offered.push(bytes.toString("utf8", from, to));
      return wanted;
    },
    document: (document, event) => parsed.documents.push([document["n"], event]),
    invalid: () => parsed.invalid++,
    ended: () => parsed.ended++,
  });
  const bytes = Buffer.from(text);
  reader.push(bytes, 0, bytes.length);
  reader.end();
  return parsed;
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
  ["an event without data is not a frame", "event: ping\n\nevent: ping\n\n", []],
  ["the end of the stream ends a frame", 'data: {"n":1}', [[1, undefined]]],
  [
    "a lone carriage return ends a line",
    'data: {"n":1}\r\rdata: {"n":2}\r\r',
    [
      [1, undefined],
      [2, undefined],
    ],
  ],
  ["nothing after the end marker is read", 'data: [DONE] \n\ndata: {"n":1}\n\n', []],
  [
    "an invalid frame does not stop the next one",
    'data: {"n"\n\ndata: {"n":1}\n\n',
    [
      [undefined, undefined],
      [1, undefined],
    ],
  ],
  ["the field name data alone is an empty data line", 'data\ndata: {"n":1}\n\n', [[1, undefined]]],
];

for (const [title, text, documents] of CASES) {
  test(title, () => assert.deepEqual(parse(text).documents, documents));
}

test("the end marker is reported once and is not a frame", () => {
  const parsed = parse("data: [DONE]\n\ndata: [DONE]\n\n");
  assert.deepEqual([parsed.ended, parsed.offered], [1, []]);
});

test("a frame that the sink does not want is not parsed", () => {
  const parsed = parse('data: {"n":1}\n\n', false);
  assert.deepEqual([parsed.offered, parsed.documents], [['{"n":1}'], []]);
});

test("a frame too large to hold is read without asking the sink, in one line or in many", () => {
  const pad = `"pad":"${"x".repeat(30_000)}"`;
  assert.deepEqual(parse(`event: e\ndata: {${pad},"n":1}\n\n`), {
    documents: [[1, "e"]],
    offered: [],
    invalid: 0,
    ended: 0,
  });
  const line = `data: "p":"${"x".repeat(9000)}",\n`;
  const parsed = parse(`data: {\n${line.repeat(4)}data: "n":1}\n\ndata: {"n":2}\n\n`);
  assert.deepEqual(parsed.documents, [
    [1, undefined],
    [2, undefined],
  ]);
  assert.deepEqual(parsed.offered, ['{"n":2}']);
});

test("a comment of any length is skipped", () => {
  assert.deepEqual(parse(`:${"x".repeat(100_000)}\ndata: {"n":1}\n\n`).documents, [[1, undefined]]);
});

test("invalid frames are counted", () => assert.equal(parse("data: {\n\ndata: x\n\n").invalid, 2));
