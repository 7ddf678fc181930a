import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { ApiError, GoogleGenAI, Type, type GoogleGenAIOptions } from "@google/genai";

import { testKey } from "../harness/gateway.ts";
import { assertAborted, assertErrorRecord, assertRecord, errorOf, startWorld, type World } from "./fixture.ts";

const request = { model: "gemini-3.8-flash", contents: "Who passes every byte on unchanged?" };
const sims = (sim: string): Record<string, string> => (sim === "" ? {} : { "x-sim": sim });

/** Express mode: an API key and no project. */
function express(baseUrl: string, sim = "", apiKey = testKey.key): GoogleGenAI {
  return new GoogleGenAI({
    vertexai: true,
    apiKey,
    httpOptions: { baseUrl: `${baseUrl}/google`, headers: sims(sim) },
  });
}

/**
 * Project mode: Google's own hourly access token, which no list can hold; the gateway knows the caller by
 * `x-lmgate-key`. The token comes from an object in place of the credentials that a real client has on its disk.
 */
function project(baseUrl: string, sim = ""): GoogleGenAI {
  const authClient = {
    getRequestHeaders: () => Promise.resolve(new Headers({ authorization: "Bearer ya29.hourly-access-token" })),
  };
  return new GoogleGenAI({
    vertexai: true,
    project: "my-project",
    location: "global",
    // All that the SDK asks of a client is its headers; the class behind the type would ask Google for them.
    googleAuthOptions: { authClient } as unknown as NonNullable<GoogleGenAIOptions["googleAuthOptions"]>,
    httpOptions: {
      baseUrl: `${baseUrl}/google`,
      headers: { ...sims(sim), "x-lmgate-key": testKey.key },
    },
  });
}

describe("the Google SDK in Vertex mode through the gateway", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  for (const [mode, client] of [
    ["express", express],
    ["project", project],
  ] as const) {
    it(`generates content in ${mode} mode, and thoughts count as output`, async () => {
      const { seen, answered, record } = await world.compare(async (baseUrl) => {
        const google = client(baseUrl, "input=100,output=40,reasoning=160,tooling=25,cached=64");
        const { text, usageMetadata, modelVersion } = await google.models.generateContent(request);
        return { text, usageMetadata, modelVersion };
      });
      assert.equal(seen.usageMetadata?.totalTokenCount, 325);
      assert.match(answered.path, mode === "express" ? /^\/v1(beta1)?\/publishers/ : /\/projects\/my-project\/loc/);
      assertRecord(record, answered, {
        input_tokens: 100,
        output_tokens: 40,
        total_input_tokens: 125,
        total_output_tokens: 200,
        total_tokens: 325,
        reasoning_tokens: 160,
        tool_input_tokens: 25,
        cached_input_tokens: 64,
        response_id: answered.id,
      });
    });

    it(`streams content in ${mode} mode`, async () => {
      for (const encoding of ["identity", "gzip"]) {
        const { seen, answered, record } = await world.compare(async (baseUrl) => {
          const google = client(baseUrl, `input=10,output=2,reasoning=30,chunks=5,encoding=${encoding}`);
          const texts: (string | undefined)[] = [];
          let total: number | undefined;
          for await (const chunk of await google.models.generateContentStream(request)) {
            texts.push(chunk.text);
            total = chunk.usageMetadata?.totalTokenCount ?? total;
          }
          return { texts, total };
        });
        assert.equal(seen.texts.length, 5);
        assert.equal(seen.total, 42);
        assertRecord(record, answered, { input_tokens: 10, output_tokens: 2, total_output_tokens: 32 });
      }
    });
  }

  it("is answered in the other framing of a stream, the JSON array, as it came", async () => {
    // The SDK always asks for `alt=sse`; plain REST callers get the array.
    const { seen, answered, record } = await world.compare(async (baseUrl) => {
      const path = `/google/v1/publishers/google/models/${request.model}:streamGenerateContent`;
      const response = await fetch(baseUrl + path, {
        method: "POST",
        headers: { "x-goog-api-key": testKey.key, "x-sim": "input=9,output=6,reasoning=5,chunks=3" },
        body: JSON.stringify({ contents: [{ role: "user", parts: [{ text: "Hello" }] }] }),
      });
      const documents: unknown = await response.json();
      assert.ok(Array.isArray(documents));
      return documents.length;
    });
    assert.equal(seen, 3);
    assertRecord(record, answered, { input_tokens: 9, output_tokens: 6, total_output_tokens: 11 });
  });

  it("embeds text with both methods that the SDK uses", async () => {
    for (const model of ["gemini-embedding-2", "text-embedding-005"]) {
      const { seen } = await world.compare(async (baseUrl) => {
        const { embeddings } = await express(baseUrl).models.embedContent({ model, contents: "one" });
        return embeddings?.map(({ values }) => values?.length);
      });
      assert.deepEqual(seen, [768]);
    }
  });

  it("is asked to call a function", async () => {
    const { seen, answered, record } = await world.compare(async (baseUrl) => {
      const parameters = { type: Type.OBJECT, properties: { city: { type: Type.STRING } } };
      const { functionCalls } = await express(baseUrl, "input=30,output=8").models.generateContent({
        ...request,
        config: { tools: [{ functionDeclarations: [{ name: "weather", parameters }] }] },
      });
      return functionCalls;
    });
    assert.deepEqual(seen, [{ name: "weather", args: { city: "Lisbon" } }]);
    assertRecord(record, answered, { input_tokens: 30, output_tokens: 8 });
  });

  it("sees the provider's own error, which is recorded by its name", async () => {
    for (const [status, errorType] of [
      [400, "INVALID_ARGUMENT"],
      [401, "UNAUTHENTICATED"],
      [429, "RESOURCE_EXHAUSTED"],
      [500, "INTERNAL"],
    ] as const) {
      const { seen, answered, record } = await world.compare(async (baseUrl) => {
        const error = await errorOf(() => express(baseUrl, `status=${status}`).models.generateContent(request));
        assert.ok(error instanceof ApiError);
        return { status: error.status, message: error.message };
      });
      assert.equal(seen.status, status);
      assert.ok(seen.message.includes(errorType));
      assertErrorRecord(record, answered, errorType);
    }
  });

  it("is refused with a key that is not on the list, and nothing is forwarded or recorded", async () => {
    const before = world.simulator.calls().length;
    const google = express(world.gateway.url, "", "AIza-unknown-0123456789-abcdef");
    const error = await errorOf(() => google.models.generateContent(request));
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, 403);
    assert.deepEqual(JSON.parse(error.message), { error: "forbidden", message: "API key not authorized" });
    assert.equal(world.simulator.calls().length, before);
  });

  it("aborts a stream: the provider is left at once, and the record says so", async () => {
    const { answered, record } = await world.through(async (baseUrl) => {
      const abort = new AbortController();
      const stream = await express(baseUrl, "chunks=1000,bytes=100000,delay=5").models.generateContentStream({
        ...request,
        config: { abortSignal: abort.signal },
      });
      await errorOf(async () => {
        for await (const chunk of stream) {
          if (chunk.text) abort.abort();
        }
      });
    });
    assert.equal(answered.ending, "aborted");
    assertAborted(record);
  });
});
