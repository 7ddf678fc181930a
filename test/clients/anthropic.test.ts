import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import Anthropic from "@anthropic-ai/sdk";

import { testKey } from "../harness/gateway.ts";
import {
  assertAborted,
  assertErrorRecord,
  assertRecord,
  errorOf,
  startWorld,
  statusOf,
  type World,
} from "./fixture.ts";

const request = {
  model: "claude-sonnet-5",
  max_tokens: 1000,
  messages: [{ role: "user" as const, content: "Who passes every byte on unchanged?" }],
};

const weather = {
  name: "weather",
  input_schema: { type: "object" as const, properties: { city: { type: "string" } }, required: ["city"] },
};

describe("the Anthropic SDK through the gateway", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  const client = (baseUrl: string, sim = "", apiKey = testKey.key): Anthropic =>
    new Anthropic({
      baseURL: `${baseUrl}/anthropic`,
      apiKey,
      maxRetries: 0,
      ...(sim !== "" && { defaultHeaders: { "x-sim": sim } }),
    });

  it("gets a message, and all parts of its input are written down", async () => {
    const { seen, answered, record } = await world.compare(async (baseUrl) => {
      const anthropic = client(baseUrl, "input=12,output=350,cached=10000,written=2048,reasoning=200");
      const { content, usage, stop_reason } = await anthropic.messages.create(request);
      return { content, usage, stop_reason };
    });
    assert.equal(seen.stop_reason, "end_turn");
    assertRecord(record, answered, {
      input_tokens: 12,
      output_tokens: 350,
      total_input_tokens: 12 + 10_000 + 2048,
      cached_input_tokens: 10_000,
      cache_write_tokens: 2048,
      reasoning_tokens: 200,
      response_id: answered.id,
      request_id: answered.requestId,
    });
  });

  it("gets a message that the provider compressed", async () => {
    for (const encoding of ["gzip", "deflate", "br"]) {
      const { answered, record } = await world.compare(async (baseUrl) => {
        return (await client(baseUrl, `input=3,output=4,encoding=${encoding}`).messages.create(request)).usage;
      });
      assertRecord(record, answered, { input_tokens: 3, output_tokens: 4 });
    }
  });

  it("streams a message: the opening counters and the last ones make one reading", async () => {
    for (const encoding of ["identity", "gzip"]) {
      const { seen, answered, record } = await world.compare(async (baseUrl) => {
        const sim = `input=3,output=12,cached=1000,written=50,reasoning=4,chunks=6,encoding=${encoding}`;
        const stream = client(baseUrl, sim).messages.stream(request);
        const types: string[] = [];
        for await (const event of stream) types.push(event.type);
        const { content, usage } = await stream.finalMessage();
        return { types, content, usage };
      });
      assert.equal(seen.types.at(-1), "message_stop");
      assertRecord(record, answered, {
        input_tokens: 3,
        output_tokens: 12,
        total_input_tokens: 1053,
        cached_input_tokens: 1000,
        cache_write_tokens: 50,
        reasoning_tokens: 4,
      });
    }
  });

  it("uses a tool, in one piece and in deltas", async () => {
    const whole = (anthropic: Anthropic): Promise<Anthropic.Message> =>
      anthropic.messages.create({ ...request, tools: [weather] });
    const streamed = (anthropic: Anthropic): Promise<Anthropic.Message> =>
      anthropic.messages.stream({ ...request, tools: [weather] }).finalMessage();
    for (const ask of [whole, streamed]) {
      const { seen, answered, record } = await world.compare(async (baseUrl) => {
        const { content, stop_reason } = await ask(client(baseUrl, "input=60,output=20"));
        const [use] = content;
        return { stop_reason, used: use?.type === "tool_use" ? { name: use.name, input: use.input } : undefined };
      });
      assert.deepEqual(seen, { stop_reason: "tool_use", used: { name: "weather", input: { city: "Lisbon" } } });
      assertRecord(record, answered, { input_tokens: 60, output_tokens: 20 });
    }
  });

  it("counts tokens without using any", async () => {
    const { seen, record } = await world.compare((baseUrl) =>
      client(baseUrl, "input=77").messages.countTokens({ model: request.model, messages: request.messages }),
    );
    assert.equal(seen.input_tokens, 77);
    const { input_tokens, output_tokens, usage_state, error_type } = record;
    assert.deepEqual(
      { input_tokens, output_tokens, usage_state, error_type },
      { input_tokens: null, output_tokens: null, usage_state: "not_applicable", error_type: null },
    );
  });

  it("sees the provider's own error, which is recorded by its name", async () => {
    for (const [status, errorType] of [
      [401, "authentication_error"],
      [429, "rate_limit_error"],
      [500, "api_error"],
      [529, "overloaded_error"],
    ] as const) {
      const { seen, answered, record } = await world.compare(async (baseUrl) => {
        const error = await errorOf(() => client(baseUrl, `status=${status}`).messages.create(request));
        assert.ok(error instanceof Anthropic.APIError);
        assert.match(error.requestID ?? "", /^req_sim/);
        return { name: error.constructor.name, status: statusOf(error), type: error.type };
      });
      assert.deepEqual([seen.status, seen.type], [status, errorType]);
      assertErrorRecord(record, answered, errorType);
    }
  });

  it("sees an error inside a stream; what the stream told before is kept", async () => {
    const { seen, record } = await world.compare(async (baseUrl) => {
      const stream = client(baseUrl, "input=31,chunks=5,fail=2").messages.stream(request);
      let deltas = 0;
      const error = await errorOf(async () => {
        for await (const event of stream) deltas += event.type === "content_block_delta" ? 1 : 0;
      });
      assert.ok(error instanceof Anthropic.APIError);
      return { deltas, type: error.type };
    });
    assert.deepEqual(seen, { deltas: 2, type: "overloaded_error" });
    const { status, error_type, usage_state, input_tokens } = record;
    assert.deepEqual(
      { status, error_type, usage_state, input_tokens },
      { status: 200, error_type: "overloaded_error", usage_state: "partial", input_tokens: 31 },
    );
  });

  it("is refused with a key that is not on the list, and nothing is forwarded or recorded", async () => {
    const before = world.simulator.calls().length;
    const anthropic = client(world.gateway.url, "", "sk-ant-unknown-0123456789");
    const error = await errorOf(() => anthropic.messages.create(request));
    assert.ok(error instanceof Anthropic.PermissionDeniedError);
    assert.deepEqual(error.error, { error: "forbidden", message: "API key not authorized" });
    assert.equal(world.simulator.calls().length, before);
  });

  it("aborts a stream: the provider is left at once, and the record keeps the input it had been told", async () => {
    const { answered, record } = await world.through(async (baseUrl) => {
      const anthropic = client(baseUrl, "input=44,chunks=1000,bytes=100000,delay=5");
      const stream = await anthropic.messages.create({ ...request, stream: true });
      for await (const event of stream) {
        if (event.type === "content_block_delta") break;
      }
      stream.controller.abort();
    });
    assert.equal(answered.ending, "aborted");
    assertAborted(record);
    assert.equal(record.input_tokens, 44);
  });
});
