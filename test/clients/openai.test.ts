import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import OpenAI from "openai";

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

const messages = [{ role: "user" as const, content: "Which proxy forwards every byte unchanged?" }];

describe("the OpenAI SDK through the gateway", () => {
  let fixture: ClientFixture;
  before(async () => {
    fixture = await startClientFixture();
  });
  after(() => fixture.stop());

  const client = (baseUrl: string, sim = "", apiKey = testKey.key): OpenAI =>
    new OpenAI({
      baseURL: `${baseUrl}/openai/v1`,
      apiKey,
      maxRetries: 0,
      ...(sim !== "" && { defaultHeaders: { "x-sim": sim } }),
    });

  it("gets a chat completion, and the record has its usage", async () => {
    const { result, logged, record } = await fixture.compare(async (baseUrl) => {
      const openai = client(baseUrl, "input=120,output=45,cached=64,reasoning=30");
      const { choices, usage, model } = await openai.chat.completions.create({ model: "gpt-5.5", messages });
      return { choices, usage, model };
    });
    assert.equal(result.usage?.prompt_tokens, 120);
    assert.match(result.choices[0]?.message.content ?? "", /^the gateway forwards/);
    assertRecord(record, logged, {
      input_tokens: 120,
      output_tokens: 45,
      cached_input_tokens: 64,
      reasoning_tokens: 30,
      response_id: logged.id,
      request_id: logged.requestId,
      operation: "chat",
    });
  });

  it("gets a chat completion that the provider compressed", async () => {
    for (const encoding of ["gzip", "br", "deflate"]) {
      const { logged, record } = await fixture.compare(async (baseUrl) => {
        const openai = client(baseUrl, `input=7,output=9,encoding=${encoding}`);
        return (await openai.chat.completions.create({ model: "gpt-5.5", messages })).usage;
      });
      assertRecord(record, logged, { input_tokens: 7, output_tokens: 9 });
    }
  });

  it("streams a chat completion with the requested usage", async () => {
    for (const encoding of ["identity", "gzip"]) {
      const { result, logged, record } = await fixture.compare(async (baseUrl) => {
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
      assert.equal(result.texts.filter((text) => text !== "").length, 9);
      assertRecord(record, logged, { input_tokens: 11, output_tokens: 23 });
    }
  });

  it("streams a chat completion without requesting usage, and the record has the reason not_requested", async () => {
    const { logged, record } = await fixture.compare(async (baseUrl) => {
      const stream = await client(baseUrl).chat.completions.create({ model: "gpt-5.5", messages, stream: true });
      let text = "";
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
      return text;
    });
    assertRecord(record, logged, {
      input_tokens: null,
      output_tokens: null,
      usage_source: "estimate",
      usage_state: "missing",
      usage_reason: "not_requested",
    });
  });

  it("gets a response of the Responses API", async () => {
    const { result, logged, record } = await fixture.compare(async (baseUrl) => {
      const openai = client(baseUrl, "input=900,output=300,cached=512,written=128,reasoning=220");
      const { output_text, usage, status } = await openai.responses.create({ model: "gpt-5.5", input: "Hello" });
      return { output_text, usage, status };
    });
    assert.equal(result.status, "completed");
    assertRecord(record, logged, {
      input_tokens: 900,
      output_tokens: 300,
      cached_input_tokens: 512,
      cache_write_tokens: 128,
      reasoning_tokens: 220,
    });
  });

  it("streams a response of the Responses API event by event", async () => {
    const { result, logged, record } = await fixture.compare(async (baseUrl) => {
      const openai = client(baseUrl, "input=20,output=8,chunks=4,bait=usage");
      const stream = openai.responses.stream({ model: "gpt-5.5", input: "Hello" });
      const types: string[] = [];
      for await (const event of stream) types.push(event.type);
      const { output_text, usage } = await stream.finalResponse();
      return { types, output_text, usage };
    });
    assert.equal(result.types.at(-1), "response.completed");
    assertRecord(record, logged, { input_tokens: 20, output_tokens: 8 });
  });

  it("gets embeddings, which the SDK requests in base64", async () => {
    const { result, logged, record } = await fixture.compare(async (baseUrl) => {
      const model = "text-embedding-3-small";
      const { data, usage } = await client(baseUrl).embeddings.create({ model, input: ["one", "two"] });
      return { lengths: data.map(({ embedding }) => embedding.length), first: data[0]?.embedding[0], usage };
    });
    assert.deepEqual(result.lengths, [1536, 1536]);
    assertRecord(record, logged, { output_tokens: 0, total_output_tokens: 0, operation: "embeddings" });
  });

  it("gets embeddings as floats if requested", async () => {
    const { result, logged, record } = await fixture.compare(async (baseUrl) => {
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
    assert.deepEqual(result, [256]);
    assertRecord(record, logged, { input_tokens: 6, output_tokens: 0 });
  });

  it("gets a tool call, plain and streamed", async () => {
    const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
    const request = {
      model: "gpt-5.5",
      messages,
      tools: [{ type: "function" as const, function: { name: "weather", parameters } }],
    };
    const plain = (openai: OpenAI): Promise<OpenAI.ChatCompletion> => openai.chat.completions.create(request);
    const streamed = (openai: OpenAI): Promise<OpenAI.ChatCompletion> =>
      openai.chat.completions.stream({ ...request, stream_options: { include_usage: true } }).finalChatCompletion();
    for (const send of [plain, streamed]) {
      const { result, logged, record } = await fixture.compare(async (baseUrl) => {
        const [choice] = (await send(client(baseUrl, "input=50,output=12"))).choices;
        const [first] = choice?.message.tool_calls ?? [];
        return { reason: choice?.finish_reason, toolCall: first?.type === "function" ? first.function : undefined };
      });
      assert.equal(result.reason, "tool_calls");
      assert.equal(result.toolCall?.name, "weather");
      assert.deepEqual(JSON.parse(result.toolCall.arguments), { city: "Lisbon" });
      assertRecord(record, logged, { input_tokens: 50, output_tokens: 12 });
    }
  });

  it("gets the provider's error, and the record has its type", async () => {
    for (const [status, errorType] of [
      [401, "invalid_api_key"],
      [429, "rate_limit_exceeded"],
      [500, "server_error"],
    ] as const) {
      const { result, logged, record } = await fixture.compare(async (baseUrl) => {
        const openai = client(baseUrl, `status=${status}`);
        const error = await errorOf(() => openai.chat.completions.create({ model: "gpt-5.5", messages }));
        assert.ok(error instanceof OpenAI.APIError);
        assert.match(error.requestID ?? "", /^req_sim/);
        return { name: error.constructor.name, status: statusOf(error), code: error.code, message: error.message };
      });
      assert.equal(result.status, status);
      assertErrorRecord(record, logged, errorType);
    }
  });

  it("retries after a 429, and each attempt has its own record", async () => {
    const before = (await fixture.gateway.records(0)).length;
    await fixture.through(async (baseUrl) => {
      const openai = client(baseUrl, "status=429");
      await errorOf(() => openai.chat.completions.create({ model: "gpt-5.5", messages }, { maxRetries: 2 }));
    }, 3);
    const attempts = (await fixture.gateway.records(before + 3)).slice(before);
    assert.deepEqual(
      attempts.map(({ status, error_type }) => `${status} ${error_type}`),
      Array.from({ length: 3 }, () => "429 rate_limit_exceeded"),
    );
  });

  it("gets an error inside a stream", async () => {
    const { result, record } = await fixture.compare(async (baseUrl) => {
      const openai = client(baseUrl, "chunks=5,fail=2");
      const stream = await openai.chat.completions.create({ model: "gpt-5.5", messages, stream: true });
      let count = 0;
      const error = await errorOf(async () => {
        for await (const chunk of stream) count += chunk.choices[0]?.delta.content ? 1 : 0;
      });
      assert.ok(error instanceof OpenAI.APIError);
      return { count, message: error.message };
    });
    assert.equal(result.count, 2);
    assert.equal(record.status, 200);
    assert.equal(record.error_type, "server_error");
  });

  it("is rejected with a key that is not on the allow-list, and nothing is forwarded or recorded", async () => {
    const before = fixture.simulator.requests().length;
    const openai = client(fixture.gateway.url, "", "sk-unknown-0123456789-abcdef");
    const error = await errorOf(() => openai.chat.completions.create({ model: "gpt-5.5", messages }));
    assert.ok(error instanceof OpenAI.PermissionDeniedError);
    assert.equal(error.message, '403 "forbidden"'); // The SDK shows only the `error` member.
    assert.equal(fixture.simulator.requests().length, before);
  });

  it("aborts a stream: the upstream connection is closed at once, and the record has the state aborted", async () => {
    const { logged, record } = await fixture.through(async (baseUrl) => {
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
    assert.equal(logged.ending, "aborted");
    assertAborted(record);
  });
});
