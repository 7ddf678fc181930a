// A large body over a bad network to its upstream: it arrives whole or visibly incomplete, and the request always ends.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { ChaosProxy, unharmed, type Fault } from "../../harness/chaos-proxy.ts";
import { fieldOf, statusOf } from "../../harness/raw-message.ts";
import type { RawPeer } from "../../harness/raw-client.ts";
import { startRawUpstream, type RawUpstream } from "../../harness/raw-upstream.ts";
import {
  jsonResponse,
  expectedRecord,
  assertErrorResponse,
  chunk,
  lastChunk,
  request,
  startProxyFixture,
  type ProxyFixture,
} from "../fixture.ts";

const TIMEOUT_SECONDS = 2;
const size = 6 * 1024 * 1024;
const body = Buffer.alloc(size, "a body with a period that fits no buffer size; ");

let upstream: RawUpstream;
let chaos: ChaosProxy;
let fixture: ProxyFixture;
/** Its timeouts are short; only the test of a timeout uses it. */
let impatient: ProxyFixture;
let fault: Fault = { kind: "pass" };

before(async () => {
  upstream = await startRawUpstream();
  // Each request has its own connection, so that each has its own fault.
  upstream.respond = (socket) => void socket.end(jsonResponse(1, "Connection: close"));
  chaos = await ChaosProxy.start(upstream.port, () => ({ ...unharmed, toServer: fault }));
  const providers = { openai: { upstream: `http://127.0.0.1:${chaos.port}` } };
  fixture = await startProxyFixture({ config: { providers } });
  // The system's buffers may hold everything that the upstream does not read. Then the missing response times out.
  const timeouts = { stream_idle_seconds: TIMEOUT_SECONDS, response_head_seconds: TIMEOUT_SECONDS };
  impatient = await startProxyFixture({ config: { timeouts, providers } });
});
afterEach(() => Promise.all([fixture.clear(), impatient.clear()]));
after(async () => {
  try {
    await Promise.all([fixture.stop(), impatient.stop()]);
  } finally {
    await Promise.all([chaos.stop(), upstream.close()]);
  }
});

const framings: Readonly<Record<string, (client: RawPeer) => void>> = {
  "of known length": (client) => {
    client.send(request("POST", "/openai/v1/chat/completions", `Content-Length: ${size}`));
    client.send(body);
  },
  "in chunks": (client) => {
    client.send(request("POST", "/openai/v1/chat/completions", "Transfer-Encoding: chunked"));
    for (let at = 0; at < size; at += 50_000) client.send(chunk(body.toString("latin1", at, at + 50_000)));
    client.send(lastChunk);
  },
};

const broken = [
  { how: "resets", error: "upstream_reset", status: 502, what: { kind: "reset", after: size / 2 } },
  {
    how: "sees an end and gives up",
    error: "upstream_reset",
    status: 502,
    what: { kind: "half-close", after: size / 2 },
  },
  { how: "takes no more", error: "upstream_timeout", status: 504, what: { kind: "stall", after: size / 3 } },
] as const;

for (const [framing, send] of Object.entries(framings)) {
  for (const { how, error, status, what } of broken) {
    test(`R12, R19: an upstream that ${how} within a body ${framing} ends the request`, async () => {
      fault = what;
      const gateway = error === "upstream_timeout" ? impatient : fixture;
      const client = await gateway.client();
      const before = upstream.requests.length;
      send(client);
      const rejection = await client.message();
      assertErrorResponse(rejection, status, error);
      // The unread rest of a body must not be taken for the next request.
      if (fieldOf(rejection, "connection") === "close") await client.hasEnded();
      await gateway.record({ status, error_type: error, usage_state: "missing" });
      assert.equal(upstream.requests.length, before, "it is not sent again, and never looked whole");
    });
  }

  test(`R8: a body ${framing} arrives byte for byte over a network that cuts it small`, async () => {
    fault = { kind: "slices", bytes: 31_111 };
    const client = await fixture.client();
    send(client);
    assert.equal(statusOf(await client.message()), 200);
    assert.ok(upstream.requests.at(-1)?.body.equals(body));
    await fixture.record({ ...expectedRecord(1), request_bytes: size });
  });
}
