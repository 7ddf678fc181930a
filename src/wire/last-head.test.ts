import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "./fault.ts";
import { LIMITS, octets } from "./replay.test.ts";
import { RequestHeadReader, type RequestHead } from "./request-head.ts";
import { ResponseHeadReader, type ResponseHead } from "./response-head.ts";

const START_LINES = ["POST /openai/v1/x HTTP/1.1", "POST /openai/v1/y HTTP/1.1", "GET /openai/v1/x HTTP/1.1"];
const LINES = [
  ["Host: a", "host: a", "Host:a", "Host: ab"],
  ["Authorization: Bearer one", "Authorization: Bearer two", "Authorization: Bearer twenty", undefined],
  ["Content-Length: 1", "Content-Length: 12", "content-length: 1", "Content-Length: 01", undefined],
  ["traceparent: 00-1", "traceparent: 00-2", "Traceparent: 00-1 ", "X: 1", "X : 1", undefined],
  ["Connection: close", "Connection: keep-alive", "Connection: x-a", "connection: keep-alive, y", undefined],
];

/** Numbers below `end`, the same in every run. */
function numbers(): (end: number) => number {
  let state = 20_261_201;
  return (end) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
}

/** A head in which few lines differ from the one made before. */
function* heads(startLines: readonly string[], count: number): Generator<string> {
  const below = numbers();
  const chosen = LINES.map(() => 0);
  for (let made = 0; made < count; made++) {
    const changed = below(LINES.length * 2);
    const line = LINES[changed];
    if (line !== undefined) chosen[changed] = below(line.length);
    const lines = LINES.map((values, index) => values[chosen[index] ?? 0]).filter((text) => text !== undefined);
    if (below(8) === 0) lines.reverse();
    if (below(8) === 0) lines.push(...lines.slice(0, 2));
    yield `${startLines[made % 16 === 0 ? below(startLines.length) : 0] ?? ""}\r\n${lines.join("\r\n")}\r\n\r\n`;
  }
}

test("a request head is read the same whatever head was read before it", () => {
  let reader = new RequestHeadReader(LIMITS);
  let repeated = 0;
  let before: RequestHead | undefined;
  for (const text of heads(START_LINES, 5_000)) {
    const expected = new RequestHeadReader(LIMITS).push(octets(text));
    const head = reader.push(octets(`${text}rest`));
    assert.deepEqual(head, expected, text);
    if (isFault(head)) reader = new RequestHeadReader(LIMITS);
    else {
      assert.equal(reader.takeRest().toString(), "rest");
      assert.equal(head === before, before?.text === text);
      if (head === before) repeated++;
      before = head;
    }
    if (isFault(head)) before = undefined;
  }
  assert.ok(repeated > 500, `${repeated} heads were repeated`);
});

test("a response head is read the same whatever head was read before it", () => {
  let reader = new ResponseHeadReader(LIMITS);
  const methods = ["POST", "POST", "HEAD"];
  let count = 0;
  for (const text of heads(["HTTP/1.1 200 OK", "HTTP/1.1 304 Not Modified", "HTTP/1.0 200 OK"], 5_000)) {
    const method = methods[count++ % methods.length] ?? "";
    const expected = new ResponseHeadReader(LIMITS).push(octets(text), method);
    const head: ReturnType<ResponseHeadReader["push"]> = reader.push(octets(text), method);
    assert.deepEqual(head, expected, text);
    if (isFault(head)) reader = new ResponseHeadReader(LIMITS);
  }
});

test("lines that are repeated share their fields, also around a line with another value", () => {
  const reader = new RequestHeadReader(LIMITS);
  const text = (trace: string): string => `GET / HTTP/1.1\r\nHost: a\r\ntraceparent: ${trace}\r\nAccept: */*\r\n\r\n`;
  const read = (trace: string): RequestHead | ResponseHead => {
    const head = reader.push(octets(text(trace)));
    assert.ok(head !== undefined && !isFault(head));
    return head;
  };
  const [first, second] = [read("00-1"), read("00-2")];
  assert.deepEqual(
    first.fields.map((field, index) => field === second.fields[index]),
    [true, false, true],
  );
  assert.equal(second.fields[1]?.value, "00-2");
});

test("the middle of a head is not taken for the head before it", () => {
  const reader = new RequestHeadReader(LIMITS);
  const inner = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  reader.push(octets(inner));
  assert.equal(reader.push(octets("GET /b HTTP/1.1\r\nX: ")), undefined);
  const outer = reader.push(octets(inner));
  assert.ok(outer !== undefined && !isFault(outer));
  assert.deepEqual([outer.target, outer.fields.map(({ value }) => value)], ["/b", ["GET / HTTP/1.1", "a"]]);
});
