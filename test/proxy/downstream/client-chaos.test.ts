// Every form of request, cut by its client at every byte in every way, stalled, sliced and slow; and responses that a
// client does not read. No request may hang or reach the upstream as if it were whole; each leaves at most one record.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { HANG_MS } from "../../harness/until.ts";
import type { RequestRecord } from "../../../src/core/request/request-record.ts";
import { sampled } from "../../harness/sampling.ts";
import { ChaosProxy, unharmed, type Plan } from "../../harness/chaos-proxy.ts";
import { readMessage } from "../../harness/raw-message.ts";
import { connectRaw } from "../../harness/raw-client.ts";
import { startRawUpstream, type RawUpstream } from "../../harness/raw-upstream.ts";
import { testKey } from "../../harness/gateway.ts";
import {
  jsonResponse,
  chunk,
  contentEvent,
  lastChunk,
  lastEvents,
  startProxyFixture,
  streamHead,
  type ProxyFixture,
} from "../fixture.ts";

const seconds = { head: 2, body: 2, stall: 2 };
const AT_ONCE = 32;

let upstream: RawUpstream;
let chaos: ChaosProxy;
let fixture: ProxyFixture;
const plans = new Map<string, Plan>();

before(async () => {
  upstream = await startRawUpstream();
  fixture = await startProxyFixture({
    config: {
      timeouts: {
        client_head_seconds: seconds.head,
        client_body_idle_seconds: seconds.body,
        client_write_stall_seconds: seconds.stall,
      },
      providers: { openai: { upstream: `http://127.0.0.1:${upstream.port}` } },
    },
  });
  chaos = await ChaosProxy.start(
    fixture.gateway.port,
    (first) => plans.get(markOf(first.toString("latin1"))) ?? unharmed,
  );
});
after(async () => {
  await fixture.stop();
  await chaos.stop();
  await upstream.close();
});

function markOf(text: string): string {
  return /x-case: (\S+)/i.exec(text)?.[1] ?? "";
}

interface RequestForm {
  readonly name: string;
  readonly head: string;
  readonly framedBody: string;
}

const body = JSON.stringify({ model: "m-3", messages: [{ role: "user", content: "words ".repeat(8) }] });

/** The mark comes first, so that even a part of the head has it. The user agent brings it into the record. */
function form(name: string, framing: string, framedBody: string): RequestForm {
  const line = "POST /openai/v1/chat/completions HTTP/1.1\r\nX-Case: MARK\r\nUser-Agent: MARK\r\n";
  const head = `${line}Host: gate.test\r\nAuthorization: Bearer ${testKey.key}\r\n${framing}\r\n\r\n`;
  return { name, head, framedBody };
}

const chunks = chunk(body.slice(0, 5)) + chunk(body.slice(5, 60)) + chunk(body.slice(60));
const forms = [
  form("of known length", `Content-Length: ${body.length}`, body),
  form("in chunks", "Transfer-Encoding: chunked", chunks + lastChunk),
  form("in chunks with a trailer", "Transfer-Encoding: chunked", `${chunks}0\r\nX-Sum: 12\r\n\r\n`),
];

interface Case {
  readonly form: RequestForm;
  readonly plan: Plan;
  /** The number of bytes of the request before the fault. */
  readonly after: number;
}

interface Ended extends Case {
  readonly text: string;
  readonly records: readonly RequestRecord[];
}

/** Runs the cases, several at a time. `expected` is the total number of records. */
async function runAll(cases: readonly Case[], expected: number): Promise<readonly Ended[]> {
  plans.clear();
  cases.forEach(({ plan }, n) => plans.set(markFor(n), plan));
  const texts: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < cases.length; n = next++) {
      const each = cases[n];
      if (each !== undefined) texts[n] = await exchange(requestOf(each.form, markFor(n)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const records = await fixture.records(expected);
  return cases.map((each, n) => ({
    ...each,
    text: texts[n] ?? "",
    records: records.filter((record) => record.user_agent === markFor(n)),
  }));
}

/** All have the same length, so that offsets in the request are the same in all cases. */
function markFor(n: number): string {
  return `case-${String(n).padStart(5, "0")}`;
}

function requestOf({ head, framedBody }: RequestForm, mark: string): string {
  return head.replaceAll("MARK", mark) + framedBody;
}

/** Waits for a response or the end of the connection. A request that hangs fails here. */
async function exchange(request: string): Promise<string> {
  const peer = await connectRaw(chaos.port);
  peer.send(request);
  await peer.until(
    "a response or an end",
    () => peer.ended || peer.closed || readMessage(peer.received) !== undefined || undefined,
  );
  const { text } = peer;
  peer.destroy();
  return text;
}

const endings = ["reset", "half-close"] as const;

for (const kind of endings) {
  for (const each of forms) {
    test(`R36: a request ${each.name} that its client cuts (${kind}) at any byte never reaches the upstream whole`, async () => {
      const length = requestOf(each, markFor(0)).length;
      const headLength = length - each.framedBody.length;
      const all = Array.from({ length: length - 1 }, (_, after) => ({
        form: each,
        after,
        plan: { ...unharmed, toServer: { kind, after } },
      }));
      const cases = sampled(all, 4, ({ after }) => after < headLength);
      const before = upstream.requests.length;
      const expected = cases.filter(({ after }) => after >= headLength).length;
      for (const { after: passed, records, text } of await runAll(cases, expected)) {
        const about = `${each.name} behind ${passed} bytes: ${text}`;
        assert.equal(records.length, passed < headLength ? 0 : 1, about);
        if (records.length > 0) assertAborted(records[0], about);
      }
      assert.equal(upstream.requests.length, before);
      await untilQuiet();
    });
  }
}

test("R36, R43: a request that stalls anywhere times out, with a record if its head was complete", async () => {
  const cases = forms.flatMap((each) => {
    const length = requestOf(each, markFor(0)).length;
    const headLength = length - each.framedBody.length;
    return [1, headLength - 1, headLength, headLength + 1, headLength + 20, length - 1].map((after) => ({
      form: each,
      after,
      plan: { ...unharmed, toServer: { kind: "stall", after } as const },
    }));
  });
  for (const { form: each, after: passed, records } of await runAll(cases, 4 * forms.length)) {
    const about = `${each.name} behind ${passed} bytes`;
    if (records.length > 0) assertAborted(records[0], about);
  }
  await untilQuiet();
});

const harmless = {
  "one byte at a time": { kind: "slices", bytes: 1 },
  "in a trickle": { kind: "trickle", bytes: 20, everyMs: 15 },
  late: { kind: "delay", ms: 100 },
} as const;

for (const [how, fault] of Object.entries(harmless)) {
  test(`R46: requests of any form that come ${how}, and responses that go so, arrive whole and are counted`, async () => {
    const first = upstream.requests.length;
    upstream.respond = (socket) => void socket.write(jsonResponse(3));
    const cases = forms.map((each) => ({ form: each, after: 0, plan: { toServer: fault, toClient: fault } }));
    for (const { text, records } of await runAll(cases, cases.length)) {
      assert.equal(text, jsonResponse(3));
      assert.deepEqual([records[0]?.error_type, records[0]?.input_tokens, records.length], [null, 1_000_003, 1]);
    }
    for (const request of upstream.requests.slice(first)) assert.equal(request.body.toString(), body);
    assert.equal(upstream.requests.length, first + forms.length);
    await untilQuiet();
  });
}

const stream = streamHead + chunk(contentEvent(3)) + chunk(contentEvent(3, "more ")) + chunk(lastEvents(3));

for (const kind of endings) {
  test(`R38: a client that leaves (${kind}) at any byte of a stream ends its request, with one record`, async () => {
    // The stream has no end, so that the request ends only because the client leaves.
    upstream.respond = (socket) => void socket.write(stream);
    const each = forms[0];
    assert.ok(each);
    const all = Array.from({ length: stream.length }, (_, after) => ({
      form: each,
      after,
      plan: { ...unharmed, toClient: { kind, after } },
    }));
    const cases = sampled(all, 4, ({ after }) => after < streamHead.length);
    for (const { records, after: passed } of await runAll(cases, cases.length)) {
      assertAborted(records[0], `left behind ${passed} bytes`, 200);
      assert.equal(records.length, 1);
    }
    await untilQuiet();
  });
}

function assertAborted(record: RequestRecord | undefined, about: string, status: number | null = null): void {
  assert.deepEqual(
    [record?.error_type, record?.status, record?.usage_state === "final"],
    ["client_aborted", status, false],
    about,
  );
}

/** No connection of the test and no running request is left. */
async function untilQuiet(): Promise<void> {
  const deadline = performance.now() + HANG_MS;
  while (chaos.open > 0) {
    assert.ok(performance.now() < deadline, `${chaos.open} ends of connections are left`);
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
}
