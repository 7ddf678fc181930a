import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { ApiError, GoogleGenAI, Type, type GoogleGenAIOptions } from "@google/genai";

import { testKey } from "../harness/gateway.ts";
import {
  assertAborted,
  assertErrorRecord,
  assertRecord,
  errorOf,
  startClientFixture,
  type ClientFixture,
} from "./fixture.ts";

const request = { model: "gemini-3.8-flash", contents: "Which proxy forwards every byte unchanged?" };
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
 * Project mode: the client sends Google's hourly access token, which cannot be on an allow-list, and is identified by
 * `x-lmgate-key`. An object provides the token in place of the credentials on a real client's disk.
 */
function project(baseUrl: string, sim = ""): GoogleGenAI {
  const authClient = {
    getRequestHeaders: () => Promise.resolve(new Headers({ authorization: "Bearer ya29.hourly-access-token" })),
  };
  return new GoogleGenAI({
    vertexai: true,
    project: "my-project",
    location: "global",
    // Reason for the cast: the SDK uses only the headers, and the real class would request them from Google.
    googleAuthOptions: { authClient } as unknown as NonNullable<GoogleGenAIOptions["googleAuthOptions"]>,
    httpOptions: {
      baseUrl: `${baseUrl}/google`,
      headers: { ...sims(sim), "x-lmgate-key": testKey.key },
    },
  });
}

describe("the Google SDK in Vertex mode through the gateway", () => {
  let fixture: ClientFixture;
  before(async () => {
    fixture = await startClientFixture();
  });
  after(() => fixture.stop());

  for (const [mode, client] of [
    ["express", express],
    ["project", project],
  ] as const) {
    it(`generates content in ${mode} mode, and thoughts count as output`, async () => {
      const { result, logged, record } = await fixture.compare(async (baseUrl) => {
        const google = client(baseUrl, "input=100,output=40,reasoning=160,tooling=25,cached=64");
        const { text, usageMetadata, modelVersion } = await google.models.generateContent(request);
        return { text, usageMetadata, modelVersion };
      });
      assert.equal(result.usageMetadata?.totalTokenCount, 325);
      assert.match(logged.path, mode === "express" ? /^\/v1(beta1)?\/publishers/ : /\/projects\/my-project\/loc/);
      assertRecord(record, logged, {
        input_tokens: 100,
        output_tokens: 40,
        total_input_tokens: 125,
        total_output_tokens: 200,
        total_tokens: 325,
        reasoning_tokens: 160,
        tool_input_tokens: 25,
        cached_input_tokens: 64,
        response_id: logged.id,
      });
    });

    it(`streams content in ${mode} mode`, async () => {
      for (const encoding of ["identity", "gzip"]) {
        const { result, logged, record } = await fixture.compare(async (baseUrl) => {
          const google = client(baseUrl, `input=10,output=2,reasoning=30,chunks=5,encoding=${encoding}`);
          const texts: (string | undefined)[] = [];
          let total: number | undefined;
          for await (const chunk of await google.models.generateContentStream(request)) {
            texts.push(chunk.text);
            total = chunk.usageMetadata?.totalTokenCount ?? total;
          }
          return { texts, total };
        });
        assert.equal(result.texts.length, 5);
        assert.equal(result.total, 42);
        assertRecord(record, logged, { input_tokens: 10, output_tokens: 2, total_output_tokens: 32 });
      }
    });
  }

  it("gets the other framing of a stream, the JSON array, unchanged", async () => {
    // The SDK always requests `alt=sse`; plain REST clients get the array.
    const { result, logged, record } = await fixture.compare(async (baseUrl) => {
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
    assert.equal(result, 3);
    assertRecord(record, logged, { input_tokens: 9, output_tokens: 6, total_output_tokens: 11 });
  });

  it("embeds text with both methods that the SDK uses", async () => {
    for (const model of ["gemini-embedding-2", "text-embedding-005"]) {
      const { result } = await fixture.compare(async (baseUrl) => {
        const { embeddings } = await express(baseUrl).models.embedContent({ model, contents: "one" });
        return embeddings?.map(({ values }) => values?.length);
      });
      assert.deepEqual(result, [768]);
    }
  });

  it("gets a function call", async () => {
    const { result, logged, record } = await fixture.compare(async (baseUrl) => {
      const parameters = { type: Type.OBJECT, properties: { city: { type: Type.STRING } } };
      const { functionCalls } = await express(baseUrl, "input=30,output=8").models.generateContent({
        ...request,
        config: { tools: [{ functionDeclarations: [{ name: "weather", parameters }] }] },
      });
      return functionCalls;
    });
    assert.deepEqual(result, [{ name: "weather", args: { city: "Lisbon" } }]);
    assertRecord(record, logged, { input_tokens: 30, output_tokens: 8 });
  });

  it("gets the provider's error, and the record has its type", async () => {
    for (const [status, errorType] of [
      [400, "INVALID_ARGUMENT"],
      [401, "UNAUTHENTICATED"],
      [429, "RESOURCE_EXHAUSTED"],
      [500, "INTERNAL"],
    ] as const) {
      const { result, logged, record } = await fixture.compare(async (baseUrl) => {
        const error = await errorOf(() => express(baseUrl, `status=${status}`).models.generateContent(request));
        assert.ok(error instanceof ApiError);
        return { status: error.status, message: error.message };
      });
      assert.equal(result.status, status);
      assert.ok(result.message.includes(errorType));
      assertErrorRecord(record, logged, errorType);
    }
  });

  it("is rejected with a key that is not on the allow-list, and nothing is forwarded or recorded", async () => {
    const before = fixture.simulator.requests().length;
    const google = express(fixture.gateway.url, "", "AIza-unknown-0123456789-abcdef");
    const error = await errorOf(() => google.models.generateContent(request));
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, 403);
    assert.deepEqual(JSON.parse(error.message), { error: "forbidden", message: "API key not authorized" });
    assert.equal(fixture.simulator.requests().length, before);
  });

  it("aborts a stream: the upstream connection is closed at once, and the record has the state aborted", async () => {
    const { logged, record } = await fixture.through(async (baseUrl) => {
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
    assert.equal(logged.ending, "aborted");
    assertAborted(record);
  });
});
