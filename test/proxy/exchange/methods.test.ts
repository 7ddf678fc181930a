import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { fieldOf, statusOf } from "../../harness/raw-message.ts";
import { jsonResponse, assertErrorResponse, get, request, startProxyFixture, type ProxyFixture } from "../fixture.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture();
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

test("R51: HEAD is forwarded, its response has no body, and the connection can be reused", async () => {
  const client = await fixture.client();
  client.send(get().replace("GET", "HEAD"));
  const { connection, request: sent } = await fixture.provider.nextRequest();
  assert.match(sent.startLine, /^HEAD \/v1\/models /);
  connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1234\r\n\r\n");
  assert.equal(fieldOf(await client.head(), "content-length"), "1234");
  await fixture.record({ method: "HEAD", status: 200, error_type: null, response_bytes: 0 });
  client.send(get());
  await connection.message();
  connection.send(jsonResponse(1));
  assert.equal(statusOf(await client.message()), 200);
  assert.equal(client.unread.length, 0);
  await fixture.record({ method: "GET", status: 200 });
});

test("R51: OPTIONS without a key is 403, without CORS fields", async () => {
  const client = await fixture.client();
  const lines = ["Origin: https://app.test", "Access-Control-Request-Method: POST"];
  client.send(request("OPTIONS", "/openai/v1/models", ...lines).replace(/Authorization: .*\r\n/, ""));
  const rejection = await client.message();
  assertErrorResponse(rejection, 403, "forbidden");
  assert.doesNotMatch(rejection.head, /access-control/i);
  assert.equal(fixture.provider.pending, 0);
});

test("R51: OPTIONS with a key is forwarded, and so is the provider's response", async () => {
  const client = await fixture.client();
  client.send(request("OPTIONS", "/openai/v1/models", "Origin: https://app.test"));
  const { connection } = await fixture.provider.nextRequest();
  const sent = "HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: https://app.test\r\nVary: Origin\r\n\r\n";
  connection.send(sent);
  await client.head();
  assert.equal(client.text, sent);
  await fixture.record({ method: "OPTIONS", status: 204, error_type: null });
});
