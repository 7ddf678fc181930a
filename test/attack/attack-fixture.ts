/** A running gateway between raw clients and a lenient upstream, and a listener that no request may reach. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

import { startGateway, type AllowedKey, type Gateway, type GatewayOptions } from "../harness/gateway.ts";
import { startRecordingUpstream, type RecordedRequest, type RecordingUpstream } from "./recording-upstream.ts";
import { sendRaw, type Transcript } from "./raw-exchange.ts";

export const goodKey: AllowedKey = { id: "k-good", key: "sk-good-0123456789-ABCDEF", owner: "Good Team" };
export const otherKey: AllowedKey = { id: "k-other", key: "sk-other-0123456789-GHIJKL", owner: "Other Team" };
export const unknownKey = "sk-unknown-0123456789-MNOPQR";

export const FORBIDDEN = '{"error":"forbidden","message":"API key not authorized"}';
export const GOOD = bearer(goodKey.key);
/** Identifies the same client without any field that a provider reads. */
export const KEY_FIELD = `x-lmgate-key: ${goodKey.key}`;

const MODELS = "/openai/v1/models";

/** What Node.js prints when a test has enabled its inspector. */
const INSPECTOR_LINES = /^(?:Debugger |For help, see: https:\/\/nodejs\.org\/).*\n/gm;

export interface AttackFixture {
  readonly gateway: Gateway;
  readonly upstream: RecordingUpstream;
  /** `127.0.0.2:PORT`: the listener that no request may reach. */
  readonly evil: string;
  readonly authority: string;
  send(sent: string, methods?: readonly string[]): Promise<Transcript>;
  /** Fails unless the response has this status and no upstream was reached. */
  assertRejected(status: 400 | 403, lines: string, target?: string): Promise<void>;
  /** Fails unless there is one error response, the connection closes, and no whole request reaches the upstream. */
  assertRejectedAndClosed(sent: string, status?: 400 | 431): Promise<void>;
  /** Sends a request that is admitted, and returns the `lmgate_id` of its record. */
  clientIdOf(lines: string, target?: string): Promise<string | null | undefined>;
  /** The requests that reached the upstream since the previous use of this function. */
  takeRequests(): readonly RecordedRequest[];
  /** Stops everything. Fails if the evil listener was reached or the gateway did not exit cleanly. */
  stop(): Promise<void>;
}

export async function startAttackFixture(options: GatewayOptions = {}): Promise<AttackFixture> {
  const upstream = await startRecordingUpstream();
  const evil = await startEvil();
  const authority = `127.0.0.1:${upstream.port}`;
  const origin = { upstream: `http://${authority}` };
  const providers = {
    openai: origin,
    anthropic: origin,
    google: origin,
    based: { upstream: `http://${authority}/v1` },
  };
  const gateway = await startGateway({
    keys: [goodKey, otherKey],
    ...options,
    config: { ...options.config, providers: { ...providers, ...options.config?.["providers"] } },
  }).catch(async (error: unknown) => {
    await Promise.all([upstream.close(), evil.close()]); // otherwise this process would never end
    throw error;
  });
  return {
    gateway,
    upstream,
    evil: evil.authority,
    authority,
    send: (sent, methods) => sendRaw(gateway.port, sent, methods),
    async assertRejected(status, lines, target = MODELS) {
      const before = upstream.seen.requests;
      const { responses, statuses } = await sendRaw(gateway.port, request("GET", target, lines));
      const what = JSON.stringify(`${target} ${lines}`.slice(0, 200));
      assert.deepEqual(statuses, [status], what);
      if (status === 403) assert.equal(responses[0]?.text, FORBIDDEN, what);
      assert.equal(upstream.seen.requests, before, what);
    },
    async assertRejectedAndClosed(sent, status = 400) {
      const { statuses, open } = await sendRaw(gateway.port, sent);
      const what = JSON.stringify(sent.slice(0, 400));
      assert.deepEqual(statuses, [status], what);
      assert.equal(open, false, what);
      assert.deepEqual(upstream.requests.splice(0), [], what);
    },
    async clientIdOf(lines, target = MODELS) {
      const { statuses } = await sendRaw(gateway.port, request("GET", target, lines));
      assert.deepEqual(statuses, [200], `${target} ${lines}`);
      const records = await gateway.records(upstream.seen.requests);
      return records.at(-1)?.lmgate_id;
    },
    takeRequests: () => upstream.requests.splice(0),
    async stop() {
      const code = await gateway.stop();
      const { stderr } = gateway.output();
      await upstream.close();
      await evil.close();
      assert.equal(evil.reached(), 0, "the evil listener was reached");
      assert.equal(stderr.replace(INSPECTOR_LINES, ""), "");
      assert.equal(code, 0);
    },
  };
}

async function startEvil() {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  server.listen(0, "127.0.0.2");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // as: a TCP server that listens has one
  return {
    authority: `127.0.0.2:${port}`,
    reached: () => connections,
    async close() {
      server.close();
      await once(server, "close");
    },
  };
}

/** A request with `Host` first. `lines` contain their own CRLF. */
export function request(method: string, target: string, lines = "", body = ""): string {
  return `${method} ${target} HTTP/1.1\r\nHost: gate.example\r\n${lines}\r\n${body}`;
}

/** A request with a known key. */
export function keyed(method: string, target: string, lines = "", body = ""): string {
  return request(method, target, `${GOOD}${lines}`, body);
}

export function bearer(key: string): string {
  return `Authorization: Bearer ${key}\r\n`;
}

/** Adds the key after each `Host: a`, or after the request line if there is none. */
export function withKey(text: string): string {
  if (/Host: a\r?\n/.test(text)) return text.replace(/Host: a(\r?\n)/g, `Host: a$1${KEY_FIELD}$1`);
  return text.replace(/^(\S+ \S+ HTTP\/\d\.\d)\r\n/, `$1\r\n${KEY_FIELD}\r\n`);
}
