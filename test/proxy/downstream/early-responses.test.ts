// A response that comes before the end of the request reaches also a client that reads only after its upload, and what
// cannot be read as a request is not read as one.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { statusOf } from "../../harness/raw-message.ts";
import type { RawPeer } from "../../harness/raw-client.ts";
import { eventually } from "../../harness/until.ts";
import { chunk, request, startProxyFixture, type ProxyFixture } from "../fixture.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture({ config: { server: { max_body_megabytes: 1 } } });
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

const PIECE = "x".repeat(256 * 1024);
const PIECES = 12;
const PAUSE_MS = 250;

/** Uploads for longer than the gateway waits for a silent client, and reads nothing meanwhile. */
async function upload(client: RawPeer, head: string, frame: (piece: string) => string): Promise<void> {
  client.pause();
  client.send(head);
  for (let sent = 0; sent < PIECES; sent++) {
    client.send(frame(PIECE));
    await pause(PAUSE_MS);
  }
  client.resume();
}

async function assertDelivered(client: RawPeer, status: number): Promise<void> {
  assert.equal(statusOf(await client.message()), status);
  await client.hasEnded();
  assert.equal(client.wasReset, false);
}

test("a response before the end of an upload reaches a client that reads only after it", async () => {
  const unlisted = await fixture.client();
  const long = await fixture.client();
  const early = await fixture.client();
  const length = `Content-Length: ${PIECES * PIECE.length}`;
  const unlistedHead = request("POST", "/openai/v1/files", length).replace(
    /Bearer .*/,
    "Bearer not-on-the-list-0123456789",
  );
  const provider = async (): Promise<void> => {
    const connection = await fixture.provider.nextConnection();
    await connection.waitFor("\r\n\r\n");
    if (!connection.text.includes("/early")) return;
    connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
  };
  await Promise.all([
    upload(unlisted, unlistedHead, (piece) => piece).then(() => assertDelivered(unlisted, 403)),
    upload(long, request("POST", "/openai/v1/files", "Transfer-Encoding: chunked"), chunk).then(() =>
      assertDelivered(long, 413),
    ),
    upload(early, request("POST", "/openai/early", "Content-Length: 900000"), (piece) => piece.slice(0, 50_000)).then(
      () => assertDelivered(early, 400),
    ),
    provider(),
    provider(),
  ]);
  await fixture.records(2);
});

test("what follows a rejected CONNECT is not read as a request", async () => {
  const client = await fixture.client();
  client.send(`${request("CONNECT", "example.com:443")}${request("GET", "/healthz")}`);
  assert.equal(statusOf(await client.message()), 405);
  await client.hasEnded();
  assert.equal(client.unread.length, 0);
});

test("a client that speaks TLS or HTTP/2 on the plain port is rejected with a reason that says so", async () => {
  const hello = Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x03]);
  for (const [bytes, said] of [
    [hello, "TLS handshake"],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "preface of HTTP/2"],
  ] as const) {
    const client = await fixture.client();
    client.send(bytes);
    const response = await client.message();
    assert.equal(statusOf(response), 400);
    assert.ok(response.body.includes(said), response.body.toString());
    await client.hasEnded();
  }
  await eventually("both reasons are in the log", () => {
    const { stdout } = fixture.gateway.output();
    return stdout.includes('"reason":"tls"') && stdout.includes('"reason":"http2"');
  });
});
