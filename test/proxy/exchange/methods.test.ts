import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { fieldOf, statusOf } from "../../harness/raw-message.ts";
import { answer, assertRefusal, get, request, startGateWorld, type GateWorld } from "../fixture.ts";

let world: GateWorld;
before(async () => {
  world = await startGateWorld();
});
afterEach(() => world.clear());
after(() => world.stop());

test("R51: HEAD is forwarded, its response has no body, and the connection can be reused", async () => {
  const client = await world.client();
  client.send(get().replace("GET", "HEAD"));
  const { connection, request: sent } = await world.faker.call();
  assert.match(sent.startLine, /^HEAD \/v1\/models /);
  connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1234\r\n\r\n");
  assert.equal(fieldOf(await client.head(), "content-length"), "1234");
  await world.record({ method: "HEAD", status: 200, error_type: null, response_bytes: 0 });
  client.send(get());
  await connection.message();
  connection.send(answer(1));
  assert.equal(statusOf(await client.message()), 200);
  assert.equal(client.unread.length, 0);
  await world.record({ method: "GET", status: 200 });
});

test("R51: OPTIONS without a key is 403, without CORS fields", async () => {
  const client = await world.client();
  const lines = ["Origin: https://app.test", "Access-Control-Request-Method: POST"];
  client.send(request("OPTIONS", "/openai/v1/models", ...lines).replace(/Authorization: .*\r\n/, ""));
  const refusal = await client.message();
  assertRefusal(refusal, 403, "forbidden");
  assert.doesNotMatch(refusal.head, /access-control/i);
  assert.equal(world.faker.untaken, 0);
});

test("R51: OPTIONS with a key is forwarded, and so is the provider's response", async () => {
  const client = await world.client();
  client.send(request("OPTIONS", "/openai/v1/models", "Origin: https://app.test"));
  const { connection } = await world.faker.call();
  const sent = "HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: https://app.test\r\nVary: Origin\r\n\r\n";
  connection.send(sent);
  await client.head();
  assert.equal(client.text, sent);
  await world.record({ method: "OPTIONS", status: 204, error_type: null });
});
