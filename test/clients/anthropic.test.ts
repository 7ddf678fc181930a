import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import Anthropic from "@anthropic-ai/sdk";

import { testKey } from "../harness/gateway.ts";
import {
  assertAborted,
  assertErrorRecord,
  assertRecord,
  errorOf,
  startClientFixture,
  statusOf,
  type ClientFixture,
} from "./fixture.ts";

const request = {
  model: "claude-sonnet-5",
  max_tokens: 1000,
  messages: [{ role: "user" as const, content: "Which proxy forwards every byte unchanged?" }],
};

const weather = {
  name: "weather",
  input_schema: { type: "object" as const, properties: { city: { type: "string" } }, required: ["city"] },
};

describe("the Anthropic SDK through the gateway", () => {
  let fixture: ClientFixture;
  before(async () => {
    fixture = await startClientFixture();
  });
  after(() => fixture.stop());

  const client = (baseUrl: string, sim = "", apiKey = testKey.key): Anthropic =>
    new Anthropic({
      baseURL: `${baseUrl}/anthropic`,
      apiKey,
      maxRetries: 0,
      ...(sim !== "" && { defaultHeaders: { "x-sim": sim } }),
    });

  it("gets a message, and the record has all parts of its input", async () => {
    const { result, logged, record } = await fixture.compare(async (baseUrl) => {
      const anthropic = client(baseUrl, "input=12,output=350,cached=10000,written=2048,reasoning=200");
      const { content, usage, stop_reason } = await anthropic.messages.create(request);
      return { content, usage, stop_reason };
    });
    assert.equal(result.stop_reason, "end_turn");
    assertRecord(record, logged, {
      input_tokens: 12,
      output_tokens: 350,
      total_input_tokens: 12 + 10_000 + 2048,
      cached_input_tokens: 10_000,
      cache_write_tokens: 2048,
      reasoning_tokens: 200,
      response_id: logged.id,
      request_id: logged.requestId,
    });
  });

  it("gets a message that the provider compressed", async () => {
    for (const encoding of ["gzip", "deflate", "br"]) {
      const { logged, record } = await fixture.compare(async (baseUrl) => {
        return (await client(baseUrl, `input=3,output=4,encoding=${encoding}`).messages.create(request)).usage;
      });
      assertRecord(record, logged, { input_tokens: 3, output_tokens: 4 });
    }
  });

  it("streams a message, and the record has the first and the last counters", async () => {
    for (const encoding of ["identity", "gzip"]) {
      const { result, logged, record } = await fixture.compare(async (baseUrl) => {
        const sim = `input=3,output=12,cached=1000,written=50,reasoning=4,chunks=6,encoding=${encoding}`;
        const stream = client(baseUrl, sim).messages.stream(request);
        const types: string[] = [];
        for await (const event of stream) types.push(event.type);
        const { content, usage } = await stream.finalMessage();
        return { types, content, usage };
      });
      assert.equal(result.types.at(-1), "message_stop");
      assertRecord(record, logged, {
        input_tokens: 3,
        output_tokens: 12,
        total_input_tokens: 1053,
        cached_input_tokens: 1000,
        cache_write_tokens: 50,
        reasoning_tokens: 4,
      });
    }
  });

  it("uses a tool, plain and streamed", async () => {
    const plain = (anthropic: Anthropic): Promise<Anthropic.Message> =>
      anthropic.messages.create({ ...request, tools: [weather] });
    const streamed = (anthropic: Anthropic): Promise<Anthropic.Message> =>
      anthropic.messages.stream({ ...request, tools: [weather] }).finalMessage();
    for (const send of [plain, streamed]) {
      const { result, logged, record } = await fixture.compare(async (baseUrl) => {
        const { content, stop_reason } = await send(client(baseUrl, "input=60,output=20"));
        const [block] = content;
        return {
          stop_reason,
          toolUse: block?.type === "tool_use" ? { name: block.name, input: block.input } : undefined,
        };
      });
      assert.deepEqual(result, { stop_reason: "tool_use", toolUse: { name: "weather", input: { city: "Lisbon" } } });
      assertRecord(record, logged, { input_tokens: 60, output_tokens: 20 });
    }
  });

  it("counts tokens without using any", async () => {
    const { result, record } = await fixture.compare((baseUrl) =>
      client(baseUrl, "input=77").messages.countTokens({ model: request.model, messages: request.messages }),
    );
    assert.equal(result.input_tokens, 77);
    const { input_tokens, output_tokens, usage_state, error_type } = record;
    assert.deepEqual(
      { input_tokens, output_tokens, usage_state, error_type },
      { input_tokens: null, output_tokens: null, usage_state: "not_applicable", error_type: null },
    );
  });

  it("gets the provider's error, and the record has its type", async () => {
    for (const [status, errorType] of [
      [401, "authentication_error"],
      [429, "rate_limit_error"],
      [500, "api_error"],
      [529, "overloaded_error"],
    ] as const) {
      const { result, logged, record } = await fixture.compare(async (baseUrl) => {
        const error = await errorOf(() => client(baseUrl, `status=${status}`).messages.create(request));
        assert.ok(error instanceof Anthropic.APIError);
        assert.match(error.requestID ?? "", /^req_sim/);
        return { name: error.constructor.name, status: statusOf(error), type: error.type };
      });
      assert.deepEqual([result.status, result.type], [status, errorType]);
      assertErrorRecord(record, logged, errorType);
    }
  });

  it("gets an error inside a stream, and the record keeps the counters before it", async () => {
    const { result, record } = await fixture.compare(async (baseUrl) => {
      const stream = client(baseUrl, "input=31,chunks=5,fail=2").messages.stream(request);
      let deltas = 0;
      const error = await errorOf(async () => {
        for await (const event of stream) deltas += event.type === "content_block_delta" ? 1 : 0;
      });
      assert.ok(error instanceof Anthropic.APIError);
      return { deltas, type: error.type };
    });
    assert.deepEqual(result, { deltas: 2, type: "overloaded_error" });
    const { status, error_type, usage_state, input_tokens } = record;
    assert.deepEqual(
      { status, error_type, usage_state, input_tokens },
      { status: 200, error_type: "overloaded_error", usage_state: "partial", input_tokens: 31 },
    );
  });

  it("is rejected with a key that is not on the allow-list, and nothing is forwarded or recorded", async () => {
    const before = fixture.simulator.requests().length;
    const anthropic = client(fixture.gateway.url, "", "sk-ant-unknown-0123456789");
    const error = await errorOf(() => anthropic.messages.create(request));
    assert.ok(error instanceof Anthropic.PermissionDeniedError);
    assert.deepEqual(error.error, { error: "forbidden", message: "API key not authorized" });
    assert.equal(fixture.simulator.requests().length, before);
  });

  it("aborts a stream: the upstream connection is closed at once, and the record keeps the input counter", async () => {
    const { logged, record } = await fixture.through(async (baseUrl) => {
      const anthropic = client(baseUrl, "input=44,chunks=1000,bytes=100000,delay=5");
      const stream = await anthropic.messages.create({ ...request, stream: true });
      for await (const event of stream) {
        if (event.type === "content_block_delta") break;
      }
      stream.controller.abort();
    });
    assert.equal(logged.ending, "aborted");
    assertAborted(record);
    assert.equal(record.input_tokens, 44);
  });
});
