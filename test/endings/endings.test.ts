// Every way in which a request can end, in every form of response. Each has its own state and keeps the counters read so far.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import type { ReceivedRequest } from "../harness/scripted-provider.ts";
import { assertFields, chunk, lastChunk, request, startProxyFixture, type ProxyFixture } from "../proxy/fixture.ts";
import type { RawPeer } from "../harness/raw-client.ts";
import { forms, type Form } from "./forms.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture();
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

interface Running {
  readonly client: RawPeer;
  readonly upstream: ReceivedRequest["connection"];
}

function requestText(form: Form): string {
  const length = `Content-Length: ${Buffer.byteLength(form.request)}`;
  return request("POST", form.path, "Content-Type: application/json", length) + form.request;
}

async function send(form: Form, own: ProxyFixture): Promise<Running> {
  const client = await own.client();
  client.send(requestText(form));
  const { connection } = await own.provider.nextRequest();
  return { client, upstream: connection };
}

function head(form: Form, status = "200 OK"): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: ${form.type}\r\nTransfer-Encoding: chunked\r\n\r\n`;
}

/** Sends a request and waits until the client has the beginning of the response. */
async function begin(form: Form, own = fixture): Promise<Running> {
  const running = await send(form, own);
  running.upstream.send(head(form) + chunk(form.first));
  await running.client.waitFor(form.mark);
  return running;
}

const nothing = { input_tokens: null, output_tokens: null } as const;

/** The record of a request that stopped after its beginning: the counters so far, and estimates for the others. */
function stopped(form: Form, expected: Partial<RequestRecord>): Partial<RequestRecord> {
  const isCounted = form.countersSoFar.input_tokens !== null;
  const source = isCounted ? "stream" : "estimate";
  return { status: 200, model: "response-model", usage_source: source, ...form.countersSoFar, ...expected };
}

function assertEstimated(record: RequestRecord, form: Form): void {
  const { input_tokens: input, output_tokens: output } = form.countersSoFar;
  assert.equal(record.estimated_input_tokens !== undefined, input === null, "an estimate of the input");
  assert.equal(record.estimated_output_tokens !== undefined, output === null, "an estimate of the output");
  for (const estimate of [record.estimated_input_tokens, record.estimated_output_tokens]) {
    if (estimate !== undefined) assert.ok(estimate >= 10 && estimate <= 25, `${estimate} for about fifteen tokens`);
  }
}

for (const form of forms) {
  describe(form.name, () => {
    const isJson = form.errorInside === undefined;
    const known = form.countersSoFar.input_tokens !== null;

    test("complete: the provider's counters are final", async () => {
      const { client, upstream } = await begin(form);
      upstream.send(chunk(form.last) + lastChunk);
      await client.message();
      const record = await fixture.record({ status: 200, ...form.final, error_type: null, usage_state: "final" });
      assert.equal(record.estimated_output_tokens, undefined);
      assert.equal(record.usage_source, isJson ? "body" : "stream");
    });

    test("a provider's error: the provider's error type, and no usage", async () => {
      const { client, upstream } = await send(form, fixture);
      upstream.send(
        `HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: ${form.errorBody.length}\r\n\r\n${form.errorBody}`,
      );
      await client.message();
      const expected = { error_type: form.errorType, usage_state: "not_applicable", usage_source: "none" } as const;
      const record = await fixture.record({ status: 503, model: "asked-for", ...nothing, ...expected });
      assert.equal(record.estimated_input_tokens, undefined);
    });

    test("HTTP 200 with an error inside: the provider's error type, and no usage", async () => {
      const { client, upstream } = await send(form, fixture);
      upstream.send(head(form) + chunk(form.errorAlone) + lastChunk);
      await client.message();
      const record = await fixture.record({ status: 200, ...nothing, error_type: form.errorType });
      assert.ok(record.usage_state === "not_applicable" || record.usage_state === "missing");
    });

    if (!isJson) {
      test("an error in the middle: the counters so far, and the provider's error type", async () => {
        const { client, upstream } = await begin(form);
        upstream.send(chunk(form.errorInside ?? "") + lastChunk);
        await client.message();
        const state = known ? "partial" : "missing";
        const expected = { error_type: form.errorType, usage_state: state, usage_reason: "error" } as const;
        assertEstimated(await fixture.record(stopped(form, expected)), form);
      });

      test("a stream without its end marker: the counters so far", async () => {
        const { client, upstream } = await begin(form);
        upstream.send(lastChunk);
        await client.message();
        const record = await fixture.record(stopped(form, { error_type: null }));
        // Gemini's events have no end marker.
        if (form.path.endsWith("alt=sse")) assert.equal(record.usage_state, "final");
        else assert.deepEqual([record.usage_state, record.usage_reason], [known ? "partial" : "missing", "cut"]);
      });
    }

    test("the upstream resets the connection: the counters so far", async () => {
      const { client, upstream } = await begin(form);
      upstream.reset();
      await client.closedByPeer();
      const state = known ? "partial" : "missing";
      const expected = { error_type: "upstream_reset", usage_state: state, usage_reason: "cut" } as const;
      assertEstimated(await fixture.record(stopped(form, expected)), form);
    });

    test("the upstream resets the connection before its response: the model of the request", async () => {
      const { client, upstream } = await send(form, fixture);
      upstream.reset();
      await client.message();
      const expected = { error_type: "upstream_reset", usage_state: "missing", usage_reason: "cut" } as const;
      const record = await fixture.record({ status: 502, model: "asked-for", ...nothing, ...expected });
      assert.ok(record.estimated_input_tokens);
      assert.equal(record.estimated_output_tokens, undefined);
    });

    test("the client leaves before the first byte: the model of the request", async () => {
      const { client, upstream } = await send(form, fixture);
      client.end();
      await upstream.closedByPeer();
      const expected = { error_type: "client_aborted", usage_state: "aborted", usage_source: "estimate" } as const;
      const record = await fixture.record({ status: null, model: "asked-for", ...nothing, ...expected });
      assert.ok(record.estimated_input_tokens);
      assert.equal(record.estimated_output_tokens, undefined);
    });

    test("the client leaves after the first byte: the counters so far", async () => {
      const { client, upstream } = await begin(form);
      client.end();
      await upstream.closedByPeer();
      const expected = { error_type: "client_aborted", usage_state: "aborted", usage_reason: "aborted" } as const;
      assertEstimated(await fixture.record(stopped(form, expected)), form);
    });
  });
}

test("the upstream times out: every form keeps the counters so far", async (t) => {
  const own = await startProxyFixture({
    config: { timeouts: { stream_idle_seconds: 0.5, response_head_seconds: 0.5 } },
  });
  t.after(() => own.stop());
  for (const form of forms) {
    const { client } = await begin(form, own);
    await client.closedByPeer();
    const state = form.countersSoFar.input_tokens !== null ? "partial" : "missing";
    const expected = { error_type: "upstream_timeout", usage_state: state, usage_reason: "cut" } as const;
    assertEstimated(await own.record(stopped(form, expected)), form);
  }
  const [form] = forms;
  assert.ok(form);
  const { client } = await send(form, own);
  await client.message();
  await own.record({ status: 504, error_type: "upstream_timeout", usage_state: "missing", model: "asked-for" });
});

test("the gateway shuts down: every form keeps the counters so far", async (t) => {
  const own = await startProxyFixture({ config: { timeouts: { drain_seconds: 0.2 } } });
  t.after(() => own.stop());
  for (const form of forms) await begin(form, own);
  own.gateway.signal("SIGTERM");
  await own.gateway.exited();
  const records = await own.records(forms.length);
  for (const form of forms) {
    const endpoint = form.path.split("?", 1)[0];
    const stream = form.errorInside !== undefined;
    const found = records.filter((record) => record.endpoint === endpoint && record.stream === stream);
    // Both streams of Gemini have the same path and the same counters.
    assert.ok(found.length > 0, form.name);
    for (const record of found) {
      assertFields(record, stopped(form, { error_type: "shutdown", usage_state: "aborted" }));
      assertEstimated(record, form);
    }
  }
});
