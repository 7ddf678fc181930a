// A client that resets its connection while LMGate reads nothing from it: the request must end, and not its timeout.
import { after, afterEach, before, test } from "node:test";
import { jsonResponse, post, get, request, startProxyFixture, type ProxyFixture } from "../fixture.ts";
import { piece, writeUntilStuck } from "./write-until-stuck.ts";

const MOST = 256 * 1024 * 1024;

let fixture: ProxyFixture;
before(async () => {
  // Longer than a test may take.
  fixture = await startProxyFixture({
    config: { timeouts: { stream_idle_seconds: 3_600, response_head_seconds: 3_600 } },
  });
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

test("a reset is noticed while the provider reads nothing of the upload", async () => {
  const client = await fixture.client();
  client.send(request("POST", "/openai/v1/files", `Content-Length: ${MOST}`));
  const connection = await fixture.provider.nextConnection();
  connection.pause();
  await writeUntilStuck(fixture, client, piece, MOST);
  client.reset();
  await fixture.record({ error_type: "client_aborted", status: null });
});

test("a reset is noticed while pipelined requests wait for a response", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  await writeUntilStuck(fixture, client, Buffer.from(get("/openai/v1/models").repeat(1_000)), MOST);
  client.reset();
  await connection.closedByPeer();
  await fixture.record({ error_type: "client_aborted", status: null });
});

test("a client that waits while much is pipelined is served like any other", async () => {
  const client = await fixture.client();
  const health = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
  const count = 4_000;
  client.send(post() + health.repeat(count));
  const { connection } = await fixture.provider.nextRequest();
  // Longer than LMGate waits before it asks the system whether the client is still there.
  await new Promise((resolve) => void setTimeout(resolve, 3_000));
  connection.send(jsonResponse(1));
  await client.until("every response", () => client.text.split("HTTP/1.1 200").length === count + 2 || undefined);
  await fixture.record({ error_type: null, status: 200 });
});
