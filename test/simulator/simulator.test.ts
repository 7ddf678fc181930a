import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import { zstdDecompressSync } from "node:zlib";

import { startSimulator, type Simulator } from "../../simulator/simulator.ts";

const messages = [{ role: "user", content: "Hello" }];
const chatPath = "/openai/v1/chat/completions";
const messagesPath = "/anthropic/v1/messages";
const vertexPath = "/google/v1beta1/projects/p/locations/global/publishers/google/models/gemini-3.8-flash";

describe("the simulator", () => {
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator({ now: () => 1_795_000_000_000 });
  });
  after(() => simulator.close());

  const post = (path: string, body: unknown, sim = ""): Promise<Response> =>
    fetch(simulator.url + path, {
      method: "POST",
      headers: { authorization: "Bearer sk-any", "content-type": "application/json", "x-sim": sim },
      body: JSON.stringify(body),
    });
  const lastRequest = async () => {
    await simulator.ended(simulator.requests().length);
    const logged = simulator.requests().at(-1);
    assert.ok(logged);
    return logged;
  };
  const events = async (response: Response): Promise<readonly string[]> => {
    const text = await response.text();
    assert.ok(text.endsWith("\n\n") || text.endsWith("\r\n\r\n"));
    return text.split(/\r?\n\r?\n/).filter((frame) => frame !== "");
  };

  it("responds to a chat request without directions with generated counters and the usual headers", async () => {
    const response = await post(chatPath, { model: "gpt-5.5", messages });
    assert.match(response.headers.get("x-request-id") ?? "", /^req_sim/);
    const body = (await response.json()) as { id: string; created: number; usage: Record<string, number> };
    const logged = await lastRequest();
    assert.equal(logged.id, body.id);
    assert.equal(body.created, 1_795_000_000);
    assert.deepEqual([logged.input, logged.output], [body.usage["prompt_tokens"], body.usage["completion_tokens"]]);
    assert.ok((logged.input ?? 0) > 0 && (logged.output ?? 0) > 0);
  });

  it("gives the same request the same counters", async () => {
    const usage = async () => {
      const { usage: found } = (await (await post(chatPath, { model: "gpt-5.5", messages })).json()) as {
        usage: unknown;
      };
      return found;
    };
    assert.deepEqual(await usage(), await usage());
  });

  it("responds below the provider's name and without it", async () => {
    for (const path of [chatPath, "/v1/chat/completions"]) {
      assert.equal((await post(path, { model: "gpt-5.5", messages })).status, 200);
      assert.equal((await lastRequest()).path, "/v1/chat/completions");
    }
  });

  it("puts usage into a chat stream only if requested, right before the end marker", async () => {
    const withUsage = { model: "gpt-5.5", messages, stream: true, stream_options: { include_usage: true } };
    const frames = await events(await post(chatPath, withUsage, "input=9,output=2,chunks=2"));
    assert.equal(frames.at(-1), "data: [DONE]");
    assert.match(
      frames.at(-2) ?? "",
      /"choices":\[\],"usage":\{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,/,
    );
    assert.ok(frames.slice(0, -2).every((frame) => /"usage":null.*"obfuscation"/.test(frame)));
    assert.equal((await lastRequest()).output, 2);

    const plain = await events(await post(chatPath, { ...withUsage, stream_options: undefined }));
    assert.ok(plain.every((frame) => !frame.includes('"usage"')));
    const { input, output } = await lastRequest();
    assert.deepEqual([input, output], [null, null]);
  });

  it("names the events of a Responses stream and numbers them without a gap", async () => {
    const frames = await events(await post("/openai/v1/responses", { model: "gpt-5.5", input: "Hi", stream: true }));
    const numbers = frames.map((frame) => {
      const [, name, data = ""] = /^event: (\S+)\ndata: (.*)$/.exec(frame) ?? [];
      const parsed = JSON.parse(data) as { type: string; sequence_number: number };
      assert.equal(parsed.type, name);
      return parsed.sequence_number;
    });
    assert.deepEqual(numbers, [...numbers.keys()]);
    assert.match(frames.at(-1) ?? "", /^event: response.completed\n.*"usage":\{"input_tokens":/);
  });

  it("splits Anthropic's counters over the first and the last events of a stream", async () => {
    const request = { model: "claude-sonnet-5", max_tokens: 100, messages, stream: true };
    const frames = await events(await post(messagesPath, request, "input=3,output=12,cached=1000,written=50"));
    assert.match(frames[0] ?? "", /"input_tokens":3,"cache_creation_input_tokens":50,"cache_read_input_tokens":1000/);
    assert.match(frames[0] ?? "", /"output_tokens":1\}/);
    assert.match(frames.at(-2) ?? "", /^event: message_delta\n.*"usage":\{"output_tokens":12\}/);
    assert.equal(frames.at(-1), 'event: message_stop\ndata: {"type":"message_stop"}');
  });

  it("streams Google's documents as events with CRLF and as one array", async () => {
    const body = { contents: [{ parts: [{ text: "Hi" }] }] };
    const sse = await (await post(`${vertexPath}:streamGenerateContent?alt=sse`, body, "chunks=3")).text();
    assert.match(sse, /^data: \{.*\}\r\n\r\ndata: /);
    const documents = sse.split("\r\n\r\n").slice(0, -1);
    const array: unknown = await (await post(`${vertexPath}:streamGenerateContent`, body, "chunks=3")).json();
    assert.ok(Array.isArray(array));
    assert.equal(array.length, documents.length);
    const metadata = (array as { usageMetadata: Record<string, number> }[]).map((each) => each.usageMetadata);
    assert.deepEqual(metadata[0], { trafficType: "ON_DEMAND" });
    const {
      promptTokenCount = NaN,
      candidatesTokenCount = NaN,
      thoughtsTokenCount = NaN,
      totalTokenCount,
    } = metadata.at(-1) ?? {};
    assert.equal(totalTokenCount, promptTokenCount + candidatesTokenCount + thoughtsTokenCount);
    const { input, output, reasoning, model } = await lastRequest();
    assert.deepEqual([input, output, reasoning], [promptTokenCount, candidatesTokenCount, thoughtsTokenCount]);
    assert.equal(model, "gemini-3.8-flash");
  });

  it("writes embeddings as floats and as base64 of the same floats", async () => {
    const request = { model: "text-embedding-3-small", input: ["one"], dimensions: 8 };
    const read = async (format: string) => {
      const response = await post("/openai/v1/embeddings", { ...request, encoding_format: format });
      const { data } = (await response.json()) as { data: { embedding: string & number[] }[] };
      return data[0]?.embedding;
    };
    const bytes = Buffer.from((await read("base64")) ?? "", "base64");
    const floats = Array.from({ length: 8 }, (_, index) => bytes.readFloatLE(index * 4));
    assert.deepEqual(floats, await read("float"));
  });

  it("creates text of the directed size in the directed number of pieces", async () => {
    const request = { model: "claude-sonnet-5", max_tokens: 100, messages, stream: true };
    const frames = await events(await post(messagesPath, request, "bytes=100000,chunks=7"));
    const texts = frames.filter((frame) => frame.startsWith("event: content_block_delta"));
    assert.equal(texts.length, 7);
    const sum = texts.reduce((length, frame) => length + (/"text":"([^"]*)"/.exec(frame)?.[1]?.length ?? 0), 0);
    assert.equal(sum, 100_000);
  });

  for (const encoding of ["gzip", "br", "deflate"]) {
    it(`compresses documents and streams with ${encoding}`, async () => {
      for (const stream of [false, true]) {
        const response = await post(chatPath, { model: "gpt-5.5", messages, stream }, `encoding=${encoding}`);
        assert.equal(response.headers.get("content-encoding"), encoding);
        assert.match(await response.text(), stream ? /data: \[DONE\]\n\n$/ : /^\{"id":"chatcmpl-/);
      }
    });
  }

  it("compresses with zstd", async () => {
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      const headers = { authorization: "Bearer sk-any", "x-sim": "encoding=zstd" };
      const logged = request(simulator.url + chatPath, { method: "POST", headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve(Buffer.concat(chunks)));
      });
      logged.on("error", reject).end(JSON.stringify({ model: "gpt-5.5", messages, stream: true }));
    });
    assert.match(zstdDecompressSync(bytes).toString(), /data: \[DONE\]\n\n$/);
  });

  it("sends errors in each provider's format", async () => {
    const errorBody = async (path: string, model: string): Promise<unknown> => {
      const response = await post(path, { model, messages }, "status=429");
      assert.equal(response.status, 429);
      return response.json();
    };
    assert.deepEqual(await errorBody(chatPath, "gpt-5.5"), {
      error: {
        message: "The rate limit of this account is reached.",
        type: "tokens",
        param: null,
        code: "rate_limit_exceeded",
      },
    });
    const anthropic = (await errorBody(messagesPath, "claude-sonnet-5")) as { type: string; error: { type: string } };
    assert.deepEqual([anthropic.type, anthropic.error.type], ["error", "rate_limit_error"]);
    const google = (await errorBody(`${vertexPath}:generateContent`, "")) as {
      error: { code: number; status: string };
    };
    assert.deepEqual([google.error.code, google.error.status], [429, "RESOURCE_EXHAUSTED"]);
    const array: unknown = await errorBody(`${vertexPath}:streamGenerateContent`, "");
    assert.ok(Array.isArray(array), "without SSE the error of a stream is wrapped in an array");
  });

  it("rejects requests without a key, on unknown paths and with unknown directions", async () => {
    const withoutKey = await fetch(simulator.url + chatPath, { method: "POST", body: "{}" });
    assert.equal(withoutKey.status, 401);
    await withoutKey.body?.cancel();
    assert.equal((await post("/openai/v1/nothing", {})).status, 404);
    const misspelled = await post(chatPath, { model: "gpt-5.5", messages }, "statu=429");
    assert.equal(misspelled.status, 400);
    assert.match(await misspelled.text(), /unknown direction \\"statu\\"/);
  });

  it("fails inside a stream as directed, with an error event or a closed connection", async () => {
    const request = { model: "claude-sonnet-5", max_tokens: 100, messages, stream: true };
    const failed = await events(await post(messagesPath, request, "chunks=5,fail=2"));
    assert.equal(failed.filter((frame) => frame.includes("content_block_delta")).length, 2);
    assert.match(failed.at(-1) ?? "", /^event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error"/);
    assert.equal((await lastRequest()).ending, "failed");

    const cut = await post(messagesPath, request, "chunks=5,cut=2");
    await assert.rejects(cut.text());
    assert.equal((await lastRequest()).ending, "cut");

    const half = await post(chatPath, { model: "gpt-5.5", messages }, "cut=0");
    await assert.rejects(half.text());
    assert.equal((await lastRequest()).ending, "cut");
  });

  it("logs a client that leaves, with the counters written by then", async () => {
    const request = { model: "claude-sonnet-5", max_tokens: 100, messages, stream: true };
    const response = await post(messagesPath, request, "input=44,chunks=1000,bytes=100000,delay=5");
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    const logged = await lastRequest();
    assert.deepEqual([logged.ending, logged.input], ["aborted", 44]);
  });

  it("removes ended requests from the log when cleared", async () => {
    await post(chatPath, { model: "gpt-5.5", messages });
    await lastRequest();
    simulator.clear();
    assert.deepEqual(simulator.requests(), []);
  });
});
