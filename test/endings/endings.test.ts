// Every way in which a call ends, in every form of answer: each has its own words, and keeps the counters that were seen.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import type { RequestRecord } from "../../src/core/request/request-record.ts";
import type { ReceivedRequest } from "../harness/scripted-provider.ts";
import { assertFields, chunk, lastChunk, request, startProxyFixture, type ProxyFixture } from "../proxy/fixture.ts";
import type { RawPeer } from "../harness/raw-client.ts";
import { forms, type Form } from "./forms.ts";

let world: ProxyFixture;
before(async () => {
  world = await startProxyFixture();
});
afterEach(() => world.clear());
after(() => world.stop());

interface Running {
  readonly client: RawPeer;
  readonly upstream: ReceivedRequest["connection"];
}

function asked(form: Form): string {
  const length = `Content-Length: ${Buffer.byteLength(form.request)}`;
  return request("POST", form.path, "Content-Type: application/json", length) + form.request;
}

async function ask(form: Form, here: ProxyFixture): Promise<Running> {
  const client = await here.client();
  client.send(asked(form));
  const { connection } = await here.provider.nextRequest();
  return { client, upstream: connection };
}

function head(form: Form, status = "200 OK"): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: ${form.type}\r\nTransfer-Encoding: chunked\r\n\r\n`;
}

/** A call whose client has the beginning of its answer. */
async function begin(form: Form, here = world): Promise<Running> {
  const running = await ask(form, here);
  running.upstream.send(head(form) + chunk(form.first));
  await running.client.waitFor(form.mark);
  return running;
}

const nothing = { input_tokens: null, output_tokens: null } as const;

/** What a call says that stopped behind its beginning: the counters so far, and guesses where there are none. */
function stopped(form: Form, words: Partial<RequestRecord>): Partial<RequestRecord> {
  const isCounted = form.begun.input_tokens !== null;
  const source = isCounted ? "stream" : "estimate";
  return { status: 200, model: "answered", usage_source: source, ...form.begun, ...words };
}

function assertGuessed(record: RequestRecord, form: Form): void {
  const { input_tokens: input, output_tokens: output } = form.begun;
  assert.equal(record.estimated_input_tokens !== undefined, input === null, "an estimate of the input");
  assert.equal(record.estimated_output_tokens !== undefined, output === null, "an estimate of the output");
  for (const guess of [record.estimated_input_tokens, record.estimated_output_tokens]) {
    if (guess !== undefined) assert.ok(guess >= 10 && guess <= 25, `${guess} for some fifteen tokens`);
  }
}

for (const form of forms) {
  describe(form.name, () => {
    const isPlain = form.errorBehind === undefined;
    const known = form.begun.input_tokens !== null;

    test("complete: the provider's counters are final", async () => {
      const { client, upstream } = await begin(form);
      upstream.send(chunk(form.last) + lastChunk);
      await client.message();
      const record = await world.record({ status: 200, ...form.whole, error_type: null, usage_state: "final" });
      assert.equal(record.estimated_output_tokens, undefined);
      assert.equal(record.usage_source, isPlain ? "body" : "stream");
    });

    test("a provider's error: its own word, and nothing was used", async () => {
      const { client, upstream } = await ask(form, world);
      upstream.send(
        `HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: ${form.refusal.length}\r\n\r\n${form.refusal}`,
      );
      await client.message();
      const words = { error_type: form.errorType, usage_state: "not_applicable", usage_source: "none" } as const;
      const record = await world.record({ status: 503, model: "asked-for", ...nothing, ...words });
      assert.equal(record.estimated_input_tokens, undefined);
    });

    test("HTTP 200 with an error inside: the error is told, and no success", async () => {
      const { client, upstream } = await ask(form, world);
      upstream.send(head(form) + chunk(form.errorAlone) + lastChunk);
      await client.message();
      const record = await world.record({ status: 200, ...nothing, error_type: form.errorType });
      assert.ok(record.usage_state === "not_applicable" || record.usage_state === "missing");
    });

    if (!isPlain) {
      test("an error in the middle: the counters so far, and the provider's word", async () => {
        const { client, upstream } = await begin(form);
        upstream.send(chunk(form.errorBehind ?? "") + lastChunk);
        await client.message();
        const state = known ? "partial" : "missing";
        const words = { error_type: form.errorType, usage_state: state, usage_reason: "error" } as const;
        assertGuessed(await world.record(stopped(form, words)), form);
      });

      test("an end that is none: the counters so far", async () => {
        const { client, upstream } = await begin(form);
        upstream.send(lastChunk);
        await client.message();
        const record = await world.record(stopped(form, { error_type: null }));
        // Events of Gemini have no end that could be missed.
        if (form.path.endsWith("alt=sse")) assert.equal(record.usage_state, "final");
        else assert.deepEqual([record.usage_state, record.usage_reason], [known ? "partial" : "missing", "cut"]);
      });
    }

    test("the upstream resets the connection: the counters so far", async () => {
      const { client, upstream } = await begin(form);
      upstream.reset();
      await client.closedByPeer();
      const state = known ? "partial" : "missing";
      const words = { error_type: "upstream_reset", usage_state: state, usage_reason: "cut" } as const;
      assertGuessed(await world.record(stopped(form, words)), form);
    });

    test("the upstream resets the connection before its answer: what was asked is known", async () => {
      const { client, upstream } = await ask(form, world);
      upstream.reset();
      await client.message();
      const words = { error_type: "upstream_reset", usage_state: "missing", usage_reason: "cut" } as const;
      const record = await world.record({ status: 502, model: "asked-for", ...nothing, ...words });
      assert.ok(record.estimated_input_tokens);
      assert.equal(record.estimated_output_tokens, undefined);
    });

    test("the client leaves before the first byte: what was asked is known", async () => {
      const { client, upstream } = await ask(form, world);
      client.end();
      await upstream.closedByPeer();
      const words = { error_type: "client_aborted", usage_state: "aborted", usage_source: "estimate" } as const;
      const record = await world.record({ status: null, model: "asked-for", ...nothing, ...words });
      assert.ok(record.estimated_input_tokens);
      assert.equal(record.estimated_output_tokens, undefined);
    });

    test("the client leaves behind the first byte: the counters so far", async () => {
      const { client, upstream } = await begin(form);
      client.end();
      await upstream.closedByPeer();
      const words = { error_type: "client_aborted", usage_state: "aborted", usage_reason: "aborted" } as const;
      assertGuessed(await world.record(stopped(form, words)), form);
    });
  });
}

test("the upstream falls silent: every form keeps the counters so far", async (t) => {
  const here = await startProxyFixture({
    config: { timeouts: { stream_idle_seconds: 0.5, response_head_seconds: 0.5 } },
  });
  t.after(() => here.stop());
  for (const form of forms) {
    const { client } = await begin(form, here);
    await client.closedByPeer();
    const state = form.begun.input_tokens !== null ? "partial" : "missing";
    const words = { error_type: "upstream_timeout", usage_state: state, usage_reason: "cut" } as const;
    assertGuessed(await here.record(stopped(form, words)), form);
  }
  const [form] = forms;
  assert.ok(form);
  const { client } = await ask(form, here);
  await client.message();
  await here.record({ status: 504, error_type: "upstream_timeout", usage_state: "missing", model: "asked-for" });
});

test("the gateway shuts down: every form keeps the counters so far", async (t) => {
  const here = await startProxyFixture({ config: { timeouts: { drain_seconds: 0.2 } } });
  t.after(() => here.stop());
  for (const form of forms) await begin(form, here);
  here.gateway.signal("SIGTERM");
  await here.gateway.exited();
  const records = await here.records(forms.length);
  for (const form of forms) {
    const endpoint = form.path.split("?", 1)[0];
    const stream = form.errorBehind !== undefined;
    const found = records.filter((record) => record.endpoint === endpoint && record.stream === stream);
    // Both streams of Gemini are at the same place, and say the same.
    assert.ok(found.length > 0, form.name);
    for (const record of found) {
      assertFields(record, stopped(form, { error_type: "shutdown", usage_state: "aborted" }));
      assertGuessed(record, form);
    }
  }
});
