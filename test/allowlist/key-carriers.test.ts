/** Every place in a request that may carry a key: the key is accepted there and forwarded there unchanged. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";

import type { RawMessage } from "../harness/raw-message.ts";
import { requestOnce } from "../harness/raw-client.ts";
import { startRawUpstream, type RawUpstream } from "../harness/raw-upstream.ts";
import { startGateway, testKey, type AllowedKey, type Gateway } from "../harness/gateway.ts";

const { key } = testKey;
const other: AllowedKey = { id: "k-other", key: "sk-other-0123456789-zyxwvu", owner: "others" };
const stranger = "sk-absent-0123456789-000000";

/** Header lines and a query; both are forwarded unchanged. */
interface Carried {
  readonly lines?: readonly string[];
  readonly query?: string;
}

const carriers: Readonly<Record<string, (value: string) => Carried>> = {
  "Authorization: Bearer": (value) => ({ lines: [`Authorization: Bearer ${value}`] }),
  "authorization in lower case": (value) => ({ lines: [`authorization: bearer  ${value} `] }),
  "x-api-key": (value) => ({ lines: [`X-Api-Key: ${value}`] }),
  "api-key": (value) => ({ lines: [`api-key:${value}`] }),
  "x-goog-api-key": (value) => ({ lines: [`x-goog-api-key: ${value}`] }),
  "?key=": (value) => ({ query: `?alt=sse&key=${value}` }),
  "?key= percent-encoded": (value) => ({ query: `?k%65y=${value.replaceAll("-", "%2D")}&x=1` }),
  "?access_token=": (value) => ({ query: `?access_token=${value}` }),
  "?api-key=": (value) => ({ query: `?api-version=1&api-key=${value}` }),
  "?Authorization=Bearer": (value) => ({ query: `?Authorization=Bearer%20${value}` }),
  "Sec-WebSocket-Protocol": (value) => ({
    lines: [`Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.${value}, openai-beta.realtime-v1`],
  }),
  "two carriers with one key": (value) => ({ lines: [`x-api-key: ${value}`, `Authorization: Bearer ${value}`] }),
};

describe("a key", () => {
  let upstream: RawUpstream;
  let gateway: Gateway;
  let forwarded = 0;
  before(async () => {
    upstream = await startRawUpstream();
    const providers = { openai: { upstream: `http://127.0.0.1:${upstream.port}` } };
    gateway = await startGateway({ keys: [testKey, other], config: { providers } });
  });
  after(async () => {
    await gateway.stop();
    await upstream.close();
  });

  function send({ lines = [], query = "" }: Carried): Promise<RawMessage> {
    const head = [`GET /openai/v1/things${query} HTTP/1.1`, "Host: gateway", ...lines];
    return requestOnce(gateway.port, `${head.join("\r\n")}\r\n\r\n`, "GET");
  }

  async function assertRejected(carried: Carried): Promise<void> {
    const reached = upstream.requests.length;
    const response = await send(carried);
    assert.match(response.startLine, /^HTTP\/1\.1 403 /);
    assert.equal(response.body.toString(), '{"error":"forbidden","message":"API key not authorized"}');
    assert.equal(upstream.requests.length, reached, "no upstream is touched");
  }

  for (const [name, carry] of Object.entries(carriers)) {
    it(`S23: opens from ${name} as the same caller, and arrives there as it was sent`, async () => {
      const carried = carry(key);
      const response = await send(carried);
      assert.match(response.startLine, /^HTTP\/1\.1 200 /);
      const request = upstream.requests.at(-1);
      assert.equal(request?.startLine, `GET /v1/things${carried.query ?? ""} HTTP/1.1`);
      for (const line of carried.lines ?? []) assert.ok(request.lines.includes(line), line);
      forwarded += 1;
      const record = (await gateway.records(forwarded)).at(-1);
      assert.deepEqual(
        [record?.lmgate_id, record?.owner, record?.masked_key, record?.endpoint],
        [testKey.id, testKey.owner, key.slice(-6), "/openai/v1/things"],
      );
    });

    it(`opens nothing from ${name} when it is not on the list`, () => assertRejected(carry(stranger)));
  }

  it("S32: grants nothing beside another one, whether that is unknown or a different owner's", async () => {
    for (const second of [stranger, other.key]) {
      await assertRejected({ lines: [`x-api-key: ${key}`, `Authorization: Bearer ${second}`] });
      await assertRejected({ lines: [`x-api-key: ${second}`, `x-api-key: ${key}`] });
      await assertRejected({ lines: [`x-goog-api-key: ${key}`], query: `?key=${second}` });
      await assertRejected({ query: `?key=${key}&key=${second}` });
      await assertRejected({ query: `?key=${key}&%6bey=${second}` });
      await assertRejected({ lines: [`Authorization: Bearer ${key}, Bearer ${second}`] });
      await assertRejected({ lines: [`api-key: ${key}`, `Sec-WebSocket-Protocol: openai-insecure-api-key.${second}`] });
    }
  });

  it("S32: opens nothing in a form that only looks like a carrier", async () => {
    const encoded = Buffer.from(`user:${key}`).toString("base64");
    for (const line of [
      `Authorization: Basic ${encoded}`,
      `Authorization: ${key.toUpperCase()}`,
      `Authorization: Bearer ${key.slice(0, -1)}`,
      `Authorization: Bearer ${key}x`,
      `x-api-key: "${key}"`,
      `x-api-key: Bearer ${key}`,
      `x-key: ${key}`,
      `Cookie: key=${key}`,
      "Authorization: Bearer",
      "x-api-key:",
    ]) {
      await assertRejected({ lines: [line] });
    }
  });

  it("in x-lmgate-key speaks for the caller alone, stays here, and leaves the provider's credential as it came", async () => {
    const credential = "Authorization: Bearer ya29.hourly-token-of-a-provider";
    const response = await send({ lines: [`X-LMGate-Key: ${other.key}`, credential], query: "?key=google" });
    assert.match(response.startLine, /^HTTP\/1\.1 200 /);
    const request = upstream.requests.at(-1);
    assert.ok(request);
    assert.ok(request.lines.includes(credential));
    assert.ok(!request.lines.join().toLowerCase().includes("lmgate"));
    forwarded += 1;
    const record = (await gateway.records(forwarded)).at(-1);
    assert.deepEqual([record?.lmgate_id, record?.masked_key], [other.id, other.key.slice(-6)]);
    await assertRejected({ lines: [`x-lmgate-key: ${stranger}`, `Authorization: Bearer ${key}`] });
  });

  it("is nowhere in what the gateway writes", async () => {
    await gateway.records(forwarded);
    const { stdout, stderr } = gateway.output();
    const written = stdout + stderr + (await readFile(gateway.statsPath, "utf8"));
    for (const secret of [key, other.key, stranger, encodeURIComponent(key), Buffer.from(key).toString("base64")]) {
      assert.ok(!written.includes(secret));
    }
  });
});
