// With `auth.allow_preflight`, a CORS preflight is admitted without a key, because browsers never send one. Nothing else is.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import {
  startAttackFixture,
  FORBIDDEN,
  GOOD,
  goodKey,
  request,
  unknownKey,
  type AttackFixture,
} from "./attack-fixture.ts";

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture({ config: { auth: { allow_preflight: true } } });
});
after(() => fixture.stop());
beforeEach(() => void fixture.takeRequests());

const PREFLIGHT_FIELDS = "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n";
const path = "/openai/v1/chat/completions";

test("a preflight without a key is forwarded unchanged, and its record has no client", async () => {
  const { statuses } = await fixture.send(request("OPTIONS", path, PREFLIGHT_FIELDS));
  assert.deepEqual(statuses, [200]);
  const [forwarded] = fixture.takeRequests();
  assert.equal(forwarded?.startLine, "OPTIONS /v1/chat/completions HTTP/1.1");
  assert.equal(`${forwarded.lines.slice(1).join("\r\n")}\r\n`, PREFLIGHT_FIELDS);
  const [record] = await fixture.gateway.records(1);
  assert.equal(record?.lmgate_id, null);
  assert.equal(record.masked_key, "");
});

test("the key of a preflight is checked if it has one", async () => {
  for (const lines of [
    `Authorization: Bearer ${unknownKey}\r\n`,
    `x-api-key: ${unknownKey}\r\n`,
    `x-lmgate-key: ${unknownKey}\r\n`,
    "Authorization:\r\n",
    "x-lmgate-key:\r\n",
  ]) {
    const { responses } = await fixture.send(request("OPTIONS", path, PREFLIGHT_FIELDS + lines));
    assert.deepEqual(
      responses.map(({ text }) => text),
      [FORBIDDEN],
      lines,
    );
  }
  const { responses: received } = await fixture.send(request("OPTIONS", `${path}?key=${unknownKey}`, PREFLIGHT_FIELDS));
  assert.deepEqual(
    received.map(({ text }) => text),
    [FORBIDDEN],
  );
  assert.deepEqual(fixture.takeRequests(), []);
  assert.deepEqual((await fixture.send(request("OPTIONS", path, PREFLIGHT_FIELDS + GOOD))).statuses, [200]);
  const records = await fixture.gateway.records(2);
  assert.equal(records.at(-1)?.lmgate_id, goodKey.id);
});

test("other requests still need a key: other methods, OPTIONS without a preflight field, upgrades", async () => {
  for (const method of ["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH"]) {
    assert.deepEqual((await fixture.send(request(method, path, PREFLIGHT_FIELDS), [method])).statuses, [403], method);
  }
  assert.deepEqual((await fixture.send(request("OPTIONS", path, "Origin: https://app.example\r\n"))).statuses, [403]);
  assert.deepEqual(
    (await fixture.send(request("OPTIONS", path, "X-Access-Control-Request-Method: POST\r\n"))).statuses,
    [403],
  );
  assert.deepEqual(fixture.takeRequests(), []);
});

test("an OPTIONS with a body or an upgrade is not a preflight and needs a key", async () => {
  for (const [lines, body] of [
    ["Content-Length: 5\r\n", "hello"],
    ["Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"],
    ["Connection: Upgrade\r\nUpgrade: websocket\r\n", ""],
  ] as const) {
    const { statuses } = await fixture.send(request("OPTIONS", path, PREFLIGHT_FIELDS + lines, body));
    assert.deepEqual(statuses, [403], lines);
  }
  assert.deepEqual(fixture.takeRequests(), []);
});

test("a preflight without a route is 404 and reaches no upstream", async () => {
  assert.deepEqual((await fixture.send(request("OPTIONS", "/v1/chat/completions", PREFLIGHT_FIELDS))).statuses, [404]);
  assert.deepEqual(fixture.takeRequests(), []);
});
