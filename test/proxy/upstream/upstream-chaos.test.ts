// Every form of response, cut by its upstream at every byte in every way, stalled, sliced and slow. A client must never
// take a part for the whole, no request may hang, and each leaves one record that says what happened.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { HANG_MS } from "../../harness/until.ts";
import type { RequestRecord } from "../../../src/core/request/request-record.ts";
import { sampled } from "../../harness/sampling.ts";
import { ChaosProxy, unharmed, type Fault, type Plan } from "../../harness/chaos-proxy.ts";
import { readFinalResponse, valueOf, type RawMessage } from "../../harness/raw-message.ts";
import { connectRaw } from "../../harness/raw-client.ts";
import { startRawUpstream, type RawUpstream } from "../../harness/raw-upstream.ts";
import { responseForms, completeBody, type ResponseForm, type Received } from "./response-forms.ts";
import { startProxyFixture, type ProxyFixture } from "../fixture.ts";

const idleSeconds = 2;
const AT_ONCE = 32;

let upstream: RawUpstream;
let chaos: ChaosProxy;
let fixture: ProxyFixture;
const plans = new Map<string, Plan>();

before(async () => {
  upstream = await startRawUpstream();
  chaos = await ChaosProxy.start(upstream.port, (first) => plans.get(markOf(first.toString("latin1"))) ?? unharmed);
  fixture = await startProxyFixture({
    config: {
      timeouts: { stream_idle_seconds: idleSeconds, response_head_seconds: idleSeconds },
      providers: { openai: { upstream: `http://127.0.0.1:${chaos.port}` } },
    },
  });
});
after(async () => {
  await fixture.stop();
  await chaos.stop();
  await upstream.close();
});

interface Case {
  readonly form: ResponseForm;
  readonly fault: Fault;
  /** The number of bytes before the fault. */
  readonly after: number;
}

interface Ended extends Case {
  readonly received: Received;
  readonly record: RequestRecord;
}

function markOf(text: string): string {
  return /user-agent: (\S+)/i.exec(text)?.[1] ?? "";
}

/** Runs all cases, several at a time. Each has one record, and there are no others. */
async function runAll(cases: readonly Case[]): Promise<readonly Ended[]> {
  plans.clear();
  cases.forEach(({ fault }, n) => plans.set(`case-${n}`, { ...unharmed, toClient: fault }));
  upstream.respond = (socket, request: RawMessage) => {
    const form = cases[Number(markOf(request.head).slice("case-".length))]?.form;
    if (form === undefined) throw new Error(`no case: ${request.head}`);
    // Each request has its own connection, so that each has its own fault.
    socket.end(form.response);
  };
  const received: Received[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < cases.length; n = next++) {
      const form = cases[n]?.form;
      if (form !== undefined) received[n] = await exchange(form.request(`case-${n}`));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const records = await fixture.records(cases.length);
  const byMark = new Map(records.map((record) => [record.user_agent, record]));
  assert.equal(byMark.size, cases.length, "one record each");
  return cases.map((each, n) => {
    const record = byMark.get(`case-${n}`);
    const seen = received[n];
    assert.ok(record !== undefined && seen !== undefined);
    return { ...each, received: seen, record };
  });
}

/** Waits until the response is whole or the connection has ended. A request that hangs fails here. */
async function exchange(requestText: string): Promise<Received> {
  const peer = await connectRaw(fixture.gateway.port);
  peer.send(requestText);
  await peer.until("a response or an end", () => {
    if (peer.ended || peer.closed) return true;
    const reply = readFinalResponse(peer.received, "POST");
    return reply === undefined ? undefined : true;
  });
  const end = peer.wasReset ? "reset" : peer.ended ? "end" : peer.closed ? "reset" : "open";
  peer.destroy();
  return { bytes: peer.received, end };
}

/** What the record and the client must say about a response that was cut. */
function assertBroken({ form, after, received, record }: Ended, error: string): void {
  const about = `${form.name} behind ${after} bytes: ${JSON.stringify(received.bytes.toString("latin1"))}`;
  assert.equal(record.error_type, error, about);
  if (after < form.headLength) {
    const result = readFinalResponse(received.bytes, "POST", true);
    assert.ok(result, about);
    assert.equal(valueOf(result.lines, "x-lmgate-error"), error, about);
    assert.equal(record.status, error === "upstream_timeout" ? 504 : 502, about);
    return;
  }
  assert.equal(record.status, 200, about);
  assert.equal(completeBody(received), undefined, `looks complete: ${about}`);
  // LMGate adds nothing: the client received a prefix of what the upstream sent.
  const text = received.bytes.toString("latin1");
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  const sent = form.clientSeesEnd ? form.body : form.response.subarray(form.headLength);
  // A body that ends with its connection is chunked by LMGate and contains no line end.
  const came = form.endsWithConnection ? body.replace(/(?:^|\r\n)[0-9a-f]+\r\n|\r\n$/g, "") : body;
  assert.ok(sent.toString("latin1").startsWith(came), about);
  assert.notEqual(record.usage_state, "final", about);
}

function assertWhole({ form, received, record }: Ended): void {
  assert.deepEqual(completeBody(received), form.body, form.name);
  assert.deepEqual(
    [record.error_type, record.status, record.input_tokens, record.output_tokens, record.usage_state],
    [null, 200, 1_000_007, 2_000_007, "final"],
    form.name,
  );
}

const endings = { "R12, R14: reset": "reset", "R13, R15, R16: ended": "half-close" } as const;

for (const [how, kind] of Object.entries(endings)) {
  for (const form of responseForms) {
    test(`${how} by the upstream at any byte, ${form.name} never looks complete and leaves one record`, async () => {
      const cases = Array.from({ length: form.response.length - 1 }, (_, after) => ({
        form,
        after,
        fault: { kind, after },
      }));
      for (const ended of await runAll(sampled(cases, 4, ({ after }) => after < form.headLength))) {
        const { after } = ended;
        const legitimate = form.endsWithConnection && kind === "half-close" && after >= form.headLength;
        if (!legitimate) assertBroken(ended, "upstream_reset");
        else {
          // The end of the connection is the only sign, so no client can tell. LMGate adds nothing.
          assert.deepEqual(completeBody(ended.received), form.body.subarray(0, after - form.headLength));
          assert.deepEqual([ended.record.error_type, ended.record.status], [null, 200]);
          assert.notEqual(ended.record.usage_state, "final");
        }
      }
      await untilNoneOpen();
    });
  }
}

test("R18, R19: a response of any form that stalls in its head, its body or before its last byte times out", async () => {
  const cases = responseForms.flatMap((form) => {
    const { headLength, response: found } = form;
    const places = [0, 1, headLength - 1, headLength, headLength + 1, headLength + 40, found.length - 1];
    return places.map((after) => ({ form, after, fault: { kind: "stall", after } as const }));
  });
  for (const ended of await runAll(cases)) assertBroken(ended, "upstream_timeout");
  await untilNoneOpen();
});

const harmless: Readonly<Record<string, Fault>> = {
  "one byte at a time": { kind: "slices", bytes: 1 },
  "seven bytes at a time": { kind: "slices", bytes: 7 },
  "in a trickle": { kind: "trickle", bytes: 100, everyMs: 20 },
  late: { kind: "delay", ms: 100 },
};

for (const [how, fault] of Object.entries(harmless)) {
  test(`R21: a response of any form that comes ${how} arrives whole and is counted`, async () => {
    for (const ended of await runAll(responseForms.map((form) => ({ form, fault, after: 0 })))) assertWhole(ended);
    await untilNoneOpen();
  });
}

async function untilNoneOpen(): Promise<void> {
  const deadline = performance.now() + HANG_MS;
  while (chaos.open > 0) {
    assert.ok(performance.now() < deadline, `${chaos.open} ends of connections are left`);
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
}
