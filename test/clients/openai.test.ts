import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import OpenAI from "openai";

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

const messages = [{ role: "user" as const, content: "Who passes every byte on unchanged?" }];

describe("the OpenAI SDK through the gateway", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  const client = (baseUrl: string, sim = "", apiKey = testKey.key): OpenAI =>
    new OpenAI({
      baseURL: `${baseUrl}/openai/v1`,
      apiKey,
      maxRetries: 0,
      ...(sim !== "" && { defaultHeaders: { "x-sim": sim } }),
    });

  it("gets a chat completion, and its usage is written down", async () => {
    const { seen, answered, record } = await world.compare(async (baseUrl) => {
      const openai = client(baseUrl, "input=120,output=45,cached=64,reasoning=30");
      const { choices, usage, model } = await openai.chat.completions.create({ model: "gpt-5.5", messages });
      return { choices, usage, model };
    });
    assert.equal(seen.usage?.prompt_tokens, 120);
    assert.match(seen.choices[0]?.message.content ?? "", /^the gateway passes/);
    assertRecord(record, answered, {
      input_tokens: 120,
      output_tokens: 45,
      cached_input_tokens: 64,
      reasoning_tokens: 30,
      response_id: answered.id,
      request_id: answered.requestId,
      operation: "chat",
    });
  });

  it("gets a chat completion that the provider compressed", async () => {
    for (const encoding of ["gzip", "br", "deflate"]) {
      const { answered, record } = await world.compare(async (baseUrl) => {
        const openai = client(baseUrl, `input=7,output=9,encoding=${encoding}`);
        return (await openai.chat.completions.create({ model: "gpt-5.5", messages })).usage;
      });
      assertRecord(record, answered, { input_tokens: 7, output_tokens: 9 });
    }
  });

  it("streams a chat completion with the usage it asked for", async () => {
    for (const encoding of ["identity", "gzip"]) {
      const { seen, answered, record } = await world.compare(async (baseUrl) => {
        const stream = await client(
          baseUrl,
          `input=11,output=23,chunks=9,encoding=${encoding}`,
        ).chat.completions.create({
          model: "gpt-5.5-mini",
          messages,
          stream: true,
          stream_options: { include_usage: true },
        });
        const texts: string[] = [];
        let usage: unknown;
        for await (const chunk of stream) {
          texts.push(chunk.choices[0]?.delta.content ?? "");
          usage = chunk.usage ?? usage;
        }
        return { texts, usage };
      });
      assert.equal(seen.texts.filter((text) => text !== "").length, 9);
      assertRecord(record, answered, { input_tokens: 11, output_tokens: 23 });
    }
  });

  it("streams a chat completion without asking for usage, and the record says why it has none", async () => {
    const { answered, record } = await world.compare(async (baseUrl) => {
      const stream = await client(baseUrl).chat.completions.create({ model: "gpt-5.5", messages, stream: true });
      let text = "";
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
      return text;
    });
    assertRecord(record, answered, {
      input_tokens: null,
      output_tokens: null,
      usage_source: "estimate",
      usage_state: "missing",
      usage_reason: "not_requested",
    });
  });

  it("gets a response of the Responses API", async () => {
    const { seen, answered, record } = await world.compare(async (baseUrl) => {
      const openai = client(baseUrl, "input=900,output=300,cached=512,written=128,reasoning=220");
      const { output_text, usage, status } = await openai.responses.create({ model: "gpt-5.5", input: "Hello" });
      return { output_text, usage, status };
    });
    assert.equal(seen.status, "completed");
    assertRecord(record, answered, {
      input_tokens: 900,
      output_tokens: 300,
      cached_input_tokens: 512,
      cache_write_tokens: 128,
      reasoning_tokens: 220,
    });
  });

  it("streams a response of the Responses API event by event", async () => {
    const { seen, answered, record } = await world.compare(async (baseUrl) => {
      const openai = client(baseUrl, "input=20,output=8,chunks=4,bait=usage");
      const stream = openai.responses.stream({ model: "gpt-5.5", input: "Hello" });
      const types: string[] = [];
      for await (const event of stream) types.push(event.type);
      const { output_text, usage } = await stream.finalResponse();
      return { types, output_text, usage };
    });
    assert.equal(seen.types.at(-1), "response.completed");
    assertRecord(record, answered, { input_tokens: 20, output_tokens: 8 });
  });

  it("gets embeddings, which the SDK asks for in base64", async () => {
    const { seen, answered, record } = await world.compare(async (baseUrl) => {
      const model = "text-embedding-3-small";
      const { data, usage } = await client(baseUrl).embeddings.create({ model, input: ["one", "two"] });
      return { lengths: data.map(({ embedding }) => embedding.length), first: data[0]?.embedding[0], usage };
    });
    assert.deepEqual(seen.lengths, [1536, 1536]);
    assertRecord(record, answered, { output_tokens: 0, total_output_tokens: 0, operation: "embeddings" });
  });

  it("gets embeddings as floats when it wants them so", async () => {
    const { seen, answered, record } = await world.compare(async (baseUrl) => {
      const openai = client(baseUrl, "input=6");
      const model = "text-embedding-3-large";
      const { data } = await openai.embeddings.create({
        model,
        input: "one",
        encoding_format: "float",
        dimensions: 256,
      });
      return data.map(({ embedding }) => embedding.length);
    });
    assert.deepEqual(seen, [256]);
    assertRecord(record, answered, { input_tokens: 6, output_tokens: 0 });
  });

  it("is asked to call a tool, in one piece and in deltas", async () => {
    const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
    const request = {
      model: "gpt-5.5",
      messages,
      tools: [{ type: "function" as const, function: { name: "weather", parameters } }],
    };
    const whole = (openai: OpenAI): Promise<OpenAI.ChatCompletion> => openai.chat.completions.create(request);
    const streamed = (openai: OpenAI): Promise<OpenAI.ChatCompletion> =>
      openai.chat.completions.stream({ ...request, stream_options: { include_usage: true } }).finalChatCompletion();
    for (const ask of [whole, streamed]) {
      const { seen, answered, record } = await world.compare(async (baseUrl) => {
        const [choice] = (await ask(client(baseUrl, "input=50,output=12"))).choices;
        const [call] = choice?.message.tool_calls ?? [];
        return { reason: choice?.finish_reason, called: call?.type === "function" ? call.function : undefined };
      });
      assert.equal(seen.reason, "tool_calls");
      assert.equal(seen.called?.name, "weather");
      assert.deepEqual(JSON.parse(seen.called.arguments), { city: "Lisbon" });
      assertRecord(record, answered, { input_tokens: 50, output_tokens: 12 });
    }
  });

  it("sees the provider's own error, which is recorded by its name", async () => {
    for (const [status, errorType] of [
      [401, "invalid_api_key"],
      [429, "rate_limit_exceeded"],
      [500, "server_error"],
    ] as const) {
      const { seen, answered, record } = await world.compare(async (baseUrl) => {
        const openai = client(baseUrl, `status=${status}`);
        const error = await errorOf(() => openai.chat.completions.create({ model: "gpt-5.5", messages }));
        assert.ok(error instanceof OpenAI.APIError);
        assert.match(error.requestID ?? "", /^req_sim/);
        return { name: error.constructor.name, status: statusOf(error), code: error.code, message: error.message };
      });
      assert.equal(seen.status, status);
      assertErrorRecord(record, answered, errorType);
    }
  });

  it("tries again after a 429, and each attempt has a record of its own", async () => {
    const before = (await world.gateway.records(0)).length;
    await world.through(async (baseUrl) => {
      const openai = client(baseUrl, "status=429");
      await errorOf(() => openai.chat.completions.create({ model: "gpt-5.5", messages }, { maxRetries: 2 }));
    }, 3);
    const attempts = (await world.gateway.records(before + 3)).slice(before);
    assert.deepEqual(
      attempts.map(({ status, error_type }) => `${status} ${error_type}`),
      Array.from({ length: 3 }, () => "429 rate_limit_exceeded"),
    );
  });

  it("sees an error inside a stream", async () => {
    const { seen, record } = await world.compare(async (baseUrl) => {
      const openai = client(baseUrl, "chunks=5,fail=2");
      const stream = await openai.chat.completions.create({ model: "gpt-5.5", messages, stream: true });
      let count = 0;
      const error = await errorOf(async () => {
        for await (const chunk of stream) count += chunk.choices[0]?.delta.content ? 1 : 0;
      });
      assert.ok(error instanceof OpenAI.APIError);
      return { count, message: error.message };
    });
    assert.equal(seen.count, 2);
    assert.equal(record.status, 200);
    assert.equal(record.error_type, "server_error");
  });

  it("is refused with a key that is not on the list, and nothing is forwarded or recorded", async () => {
    const before = world.simulator.calls().length;
    const openai = client(world.gateway.url, "", "sk-unknown-0123456789-abcdef");
    const error = await errorOf(() => openai.chat.completions.create({ model: "gpt-5.5", messages }));
    assert.ok(error instanceof OpenAI.PermissionDeniedError);
    assert.equal(error.message, '403 "forbidden"'); // The SDK shows the `error` member and nothing else.
    assert.equal(world.simulator.calls().length, before);
  });

  it("aborts a stream: the provider is left at once, and the record says so", async () => {
    const { answered, record } = await world.through(async (baseUrl) => {
      const stream = await client(baseUrl, "chunks=1000,bytes=100000,delay=5").chat.completions.create({
        model: "gpt-5.5",
        messages,
        stream: true,
        stream_options: { include_usage: true },
      });
      for await (const chunk of stream) {
        if (chunk.choices[0]?.delta.content) break;
      }
      stream.controller.abort();
    });
    assert.equal(answered.ending, "aborted");
    assertAborted(record);
  });
});
