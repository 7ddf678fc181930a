// The ledger worker makes the records of most requests, from numbers and one text. They must be those that the data worker
// would have made.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SEPARATOR } from "../../src/core/request/deferred-record.ts";
import { ApiKey } from "../../src/core/request/client.ts";
import { deferred, readLater, toDeferredRecord, type ReadLater } from "../../src/proxy/recording/deferred-request.ts";
import { RecordCaches, toRequestRecord, type FinishedRequest } from "../../src/proxy/recording/finished-request.ts";
import { snapshotRecord, snapshotText, type Snapshot } from "../../src/proxy/recording/snapshot-text.ts";
import { DeferredRecords } from "../../src/workers/data/deferred-records.ts";
import { DeferredReader } from "../../src/workers/ledger/deferred-reader.ts";

const KEY = new ApiKey("a-key-of-the-allow-list-1");

const FINISHED: FinishedRequest = {
  id: "019aafc1-2f00-7abc-8def-0123456789ab",
  client: { id: "k-1", owner: "nadia" },
  provider: "openai",
  endpoint: "/openai/v1/chat/completions",
  method: "POST",
  maskedKey: "list-1",
  clientIp: "127.0.0.1",
  userAgent: "OpenAI/Python 2.8.1",
  tags: "team=a,feature=b",
  requestId: "req_1",
  outcome: { kind: "complete" },
  status: 200,
  wallEndedAt: Date.UTC(2026, 10, 23),
  startedAt: 100.25,
  requestSentAt: 101.5,
  firstByteAt: 140.75,
  endedAt: 141.125,
  requestBytes: 170,
  responseBytes: 1_024,
  sessionId: undefined,
  closeCode: undefined,
};

const LATER: ReadLater = {
  finished: FINISHED,
  upstreamStatus: 200,
  query: "",
  exclusiveReasoning: false,
  extracts: {
    request: '{"model":"gpt-5","stream":false}',
    response: '{"id":"c-1","model":"gpt-5-2025","usage":{"prompt_tokens":12,"completion_tokens":7}}',
  },
};

const ABSENT: ReadLater = {
  ...LATER,
  finished: {
    ...FINISHED,
    client: undefined,
    userAgent: undefined,
    tags: undefined,
    requestId: undefined,
    requestSentAt: undefined,
    firstByteAt: undefined,
  },
  extracts: { request: "", response: '{"usage":nul,"id":"é"}' },
};

test("a deferred record is the record that would have been made at once", () => {
  const batch = new DeferredRecords();
  const all = [LATER, ABSENT, { ...LATER, finished: { ...FINISHED, userAgent: "", status: 201 } }];
  for (const [at, later] of all.entries()) batch.add(deferred(later, [KEY]) ?? assert.fail(), at * 2);
  const message = structuredClone(batch.take());
  const reader = new DeferredReader(message, new RecordCaches());
  assert.equal(reader.length, all.length);
  for (const [at, later] of all.entries()) {
    assert.deepEqual(reader.recordAt(at * 2), toRequestRecord(later.finished, readLater(later), [KEY]));
    assert.equal(reader.recordAt(at * 2 + 1), undefined, "another kind of record has this place");
  }
  assert.equal(batch.length, 0);
});

test("the sizes of a batch are the same on both sides", () => {
  const batch = new DeferredRecords();
  assert.equal(new DeferredReader(batch.take(), new RecordCaches()).characters, 0);
  for (let at = 0; at < 3; at++) batch.add(deferred(LATER, []) ?? assert.fail(), at);
  const { characters } = batch;
  assert.equal(new DeferredReader(batch.take(), new RecordCaches()).characters, characters);
});

const RUNNING: Snapshot = {
  request: { ...FINISHED, outcome: { kind: "interrupted" }, requestBytes: undefined, responseBytes: undefined },
  query: "",
  exclusiveReasoning: false,
  exchange: { request: '{"model":"gpt-5"}', upgrade: false, sawStream: true, hasResponse: true, failed: false },
};

test("the snapshot of a running request gives the record of its interruption, without the time of its end", () => {
  const text = snapshotText(RUNNING, [KEY]);
  assert.ok(!text.startsWith("{"), "nothing is made before it is needed");
  const { timestamp, duration_ms, ...record } = JSON.parse(snapshotRecord(text)) as Readonly<Record<string, unknown>>; // as: an object
  assert.deepEqual([timestamp, duration_ms], [undefined, undefined]);
  assert.equal(record["model"], "gpt-5");
  assert.equal(record["stream"], true);
  assert.equal(record["usage_reason"], "interrupted");
  assert.equal(record["ttfb_ms"], 39.25);
  assert.equal(record["owner"], "nadia");
  assert.deepEqual(record["tags"], { team: "a", feature: "b" });
});

test("a snapshot that may hold a key is the redacted record itself, and both give the same", () => {
  const agent = { ...RUNNING.request, userAgent: "x%y" };
  const text = snapshotText({ ...RUNNING, request: agent }, [KEY]);
  assert.equal(snapshotRecord(text), text);
  assert.equal(text, snapshotRecord(snapshotText({ ...RUNNING, request: agent }, [])));
  const hidden = snapshotText({ ...RUNNING, request: { ...RUNNING.request, userAgent: `x ${reveal}` } }, [KEY]);
  assert.ok(!hidden.includes(reveal), hidden);
});

const reveal = KEY.reveal();
const hiding: Readonly<Record<string, Partial<ReadLater>>> = {
  "in the path": { finished: { ...FINISHED, endpoint: `/openai/${reveal}` } },
  "percent-encoded in the path": { finished: { ...FINISHED, endpoint: `/openai/%61${reveal.slice(1)}` } },
  "in the user agent": { finished: { ...FINISHED, userAgent: `x ${reveal}` } },
  "in a tag": { finished: { ...FINISHED, tags: `k=${reveal}` } },
  "in the provider's id of the request": { finished: { ...FINISHED, requestId: reveal } },
  "in the query": { query: `model=${reveal}` },
  "in the model asked for": { extracts: { ...LATER.extracts, request: `{"model":"${reveal}"}` } },
  "in the response": { extracts: { ...LATER.extracts, response: `{"id":"${reveal}"}` } },
  "escaped in the response": { extracts: { ...LATER.extracts, response: `{"id":"\\u0061${reveal.slice(1)}"}` } },
};
for (const [where, part] of Object.entries(hiding)) {
  test(`a record is not deferred if a key may be ${where}, because the ledger worker never gets keys`, () => {
    assert.equal(deferred({ ...LATER, ...part }, [KEY]), undefined);
    assert.notEqual(deferred(LATER, [KEY]), undefined);
  });
}

test("a record is not deferred if a separator in a body could shift its texts", () => {
  const response = `{"id":"a${SEPARATOR}b","usage":{"prompt_tokens":1}}`;
  assert.equal(deferred({ ...LATER, extracts: { request: "", response } }, []), undefined);
});

test("a record that could not be sent can be made by the worker that has its text", () => {
  const { numbers, text } = deferred(LATER, [KEY]) ?? assert.fail();
  const record = toDeferredRecord([0, ...numbers], text.split(SEPARATOR), 0);
  assert.deepEqual(record, toRequestRecord(FINISHED, readLater(LATER), []));
});
