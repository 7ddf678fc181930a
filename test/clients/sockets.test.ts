import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";

import { GoogleGenAI, Modality, type LiveServerMessage } from "@google/genai";
import OpenAI from "openai";
import { LiveWS } from "openai/resources/live/ws";
import { ResponsesWS } from "openai/resources/responses/ws";

import type { LoggedRequest } from "../../simulator/request-log.ts";
import { startSimulator, type Simulator } from "../../simulator/simulator.ts";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { startGateway, testKey, type Gateway } from "../harness/gateway.ts";

interface SessionResult {
  /** The records of the session, in the order they were written. */
  readonly records: readonly RequestRecord[];
  readonly logged: readonly LoggedRequest[];
}

describe("official clients on WebSockets through the gateway", () => {
  let simulator: Simulator;
  let gateway: Gateway;
  let recorded = 0;
  before(async () => {
    simulator = await startSimulator();
    gateway = await startGateway({
      config: {
        providers: {
          openai: { upstream: `${simulator.url}/openai` },
          google: { upstream: `${simulator.url}/google` },
        },
      },
    });
  });
  after(async () => {
    assert.equal(await gateway.stop(), 0);
    await simulator.close();
    assert.equal((await gateway.records(0)).length, recorded, "no record was written later");
  });

  /** Runs one session with `turnCount` turns and one record that closes it. */
  async function session(turnCount: number, scenario: () => Promise<void>): Promise<SessionResult> {
    const before = simulator.requests().length;
    await scenario();
    const all = await gateway.records(recorded + turnCount + 1);
    const records = all.slice(recorded);
    recorded += turnCount + 1;
    assert.equal(records.length, turnCount + 1);
    const closing = records.at(-1);
    assert.equal(closing?.operation, "session");
    for (const record of records) assert.equal(record.session_id, closing.id);
    return { records, logged: simulator.requests().slice(before) };
  }

  function assertCounted(record: RequestRecord | undefined, logged: LoggedRequest | undefined): void {
    assert.ok(record && logged);
    const { model, input_tokens, output_tokens, cached_input_tokens, usage_state, usage_source, error_type } = record;
    assert.deepEqual(
      { model, input_tokens, output_tokens, cached_input_tokens, usage_state, usage_source, error_type },
      {
        model: logged.model,
        input_tokens: logged.input,
        output_tokens: logged.output,
        cached_input_tokens: logged.cached,
        usage_state: "final",
        usage_source: "websocket",
        error_type: null,
      },
    );
  }

  for (const perMessageDeflate of [false, true]) {
    it(`OpenAI's Responses socket, ${perMessageDeflate ? "deflated" : "plain"}: two streams at once`, async () => {
      const { records, logged } = await session(2, async () => {
        const client = new OpenAI({ apiKey: testKey.key, baseURL: `${gateway.url}/openai/v1` });
        // The option belongs to the `ws` package, whose types are not installed.
        const transport: object = { perMessageDeflate };
        const socket = new ResponsesWS(client, transport);
        for (const [streamId, tokens] of [
          ["a", "input-90-output-30-cached-64-delay-2"],
          ["b", "input-40-output-12-cached-0-delay-2"],
        ] as const) {
          socket.send({
            type: "response.create",
            model: `gpt-5.5--sim-${tokens}`,
            input: "Hello",
            stream_id: streamId,
          });
        }
        const streamIds: (string | undefined)[] = [];
        for await (const event of socket) {
          if (event.type !== "message" || event.message.type !== "response.completed") continue;
          streamIds.push(event.message.stream_id);
          if (streamIds.length === 2) socket.close();
        }
        assert.deepEqual(new Set(streamIds), new Set(["a", "b"]));
      });
      for (const request of logged) {
        assertCounted(
          records.find((record) => record.response_id === request.id),
          request,
        );
      }
      assert.equal(records.at(-1)?.close_code, 1000);
    });
  }

  it("OpenAI's Live socket: seconds that are reported several times count once", async () => {
    const { records } = await session(1, async () => {
      const client = new OpenAI({ apiKey: testKey.key, baseURL: `${gateway.url}/openai/v1` });
      const socket = new LiveWS(client);
      socket.send({ type: "session.start", session: { model: "gpt-live-1" } });
      for await (const event of socket) {
        if (event.type !== "message") continue;
        if (event.message.type === "session.started") socket.send({ type: "session.close" });
        else if (event.message.type === "session.closed") socket.close();
      }
    });
    const [seconds] = records;
    assert.ok(seconds);
    assert.equal(seconds.audio_seconds, 9.25);
    assert.equal(seconds.model, "gpt-live-1");
    assert.equal(seconds.usage_state, "final");
  });

  // The realtime helper of the SDK supports only wss:, so the test uses the browser's WebSocket, which the helper wraps.
  it("a browser's WebSocket on OpenAI's realtime, with the key in its protocols and compression offered", async () => {
    const { records, logged } = await session(2, async () => {
      const model = "gpt-realtime--sim-input-132-output-121-cached-64";
      const protocols = ["realtime", `openai-insecure-api-key.${testKey.key}`];
      const url = `${gateway.url.replace(/^http/, "ws")}/openai/v1/realtime?model=${model}`;
      const socket = new WebSocket(url, protocols);
      const done = { count: 0 };
      socket.addEventListener("message", (event) => {
        const { type } = JSON.parse(String(event.data)) as { type: string }; // Reason for the cast: every event has a type.
        if (type === "response.done") done.count++;
        if (type === "session.created" || (type === "response.done" && done.count < 2)) {
          socket.send(JSON.stringify({ type: "response.create" }));
        } else if (done.count === 2) socket.close(1000);
      });
      await once(socket, "close");
      assert.equal(socket.protocol, "realtime");
      assert.match(socket.extensions, /permessage-deflate/);
    });
    assert.equal(logged.length, 2);
    for (const [index, request] of logged.entries()) assertCounted(records[index], request);
    assert.ok(records.every((record) => record.masked_key === testKey.key.slice(-6)));
  });

  it("Google's Live client with binary frames and two turns", async () => {
    const { records, logged } = await session(2, async () => {
      const headers = { "x-sim": "input=70,output=20,reasoning=4,cached=8" };
      const google = new GoogleGenAI({
        apiKey: testKey.key,
        httpOptions: { baseUrl: `${gateway.url}/google`, headers },
      });
      const turns = { complete: 0 };
      const closed = Promise.withResolvers<void>();
      const next = Promise.withResolvers<void>();
      const end = Promise.withResolvers<void>();
      const live = await google.live.connect({
        model: "gemini-live-2.5-flash",
        config: { responseModalities: [Modality.AUDIO] },
        callbacks: {
          onmessage: (message: LiveServerMessage) => {
            if (message.serverContent?.turnComplete !== true) return;
            turns.complete++;
            (turns.complete === 1 ? next : end).resolve();
          },
          onclose: () => closed.resolve(),
        },
      });
      live.sendClientContent({ turns: "Hello", turnComplete: true });
      await next.promise;
      live.sendClientContent({ turns: "And now?", turnComplete: true });
      await end.promise;
      live.close();
      await closed.promise;
    });
    assert.equal(logged.length, 2);
    for (const [index, request] of logged.entries()) assertCounted(records[index], request);
  });

  it("a client that leaves in the middle of a response aborts it", async () => {
    const { records, logged } = await session(1, async () => {
      const client = new OpenAI({ apiKey: testKey.key, baseURL: `${gateway.url}/openai/v1` });
      const socket = new ResponsesWS(client);
      socket.send({ type: "response.create", model: "gpt-5.5--sim-chunks-1000-bytes-9000-delay-5", input: "Hello" });
      for await (const event of socket) {
        if (event.type === "message" && event.message.type === "response.output_text.delta") socket.close();
      }
    });
    const [cut] = records;
    assert.equal(cut?.response_id, logged[0]?.id);
    assert.equal(cut?.usage_state, "aborted");
    assert.equal(cut?.error_type, "client_aborted");
    assert.equal(cut?.input_tokens, null);
  });
});
