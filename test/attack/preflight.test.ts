// With `auth.allow_preflight`, a CORS preflight is admitted without a key, because browsers never send one. Nothing else is.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { enterBattlefield, FORBIDDEN, GOOD, goodKey, request, unknownKey, type Battlefield } from "./attack-fixture.ts";

let field: Battlefield;
before(async () => {
  field = await enterBattlefield({ config: { auth: { allow_preflight: true } } });
});
after(() => field.leave());
beforeEach(() => void field.taken());

const ASKS = "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n";
const path = "/openai/v1/chat/completions";

test("a preflight without a key is forwarded unchanged, and its record has no client", async () => {
  const { statuses } = await field.talk(request("OPTIONS", path, ASKS));
  assert.deepEqual(statuses, [200]);
  const [taken] = field.taken();
  assert.equal(taken?.startLine, "OPTIONS /v1/chat/completions HTTP/1.1");
  assert.equal(`${taken.lines.slice(1).join("\r\n")}\r\n`, ASKS);
  const [record] = await field.gateway.records(1);
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
    const { answers } = await field.talk(request("OPTIONS", path, ASKS + lines));
    assert.deepEqual(
      answers.map(({ text }) => text),
      [FORBIDDEN],
      lines,
    );
  }
  const { answers } = await field.talk(request("OPTIONS", `${path}?key=${unknownKey}`, ASKS));
  assert.deepEqual(
    answers.map(({ text }) => text),
    [FORBIDDEN],
  );
  assert.deepEqual(field.taken(), []);
  assert.deepEqual((await field.talk(request("OPTIONS", path, ASKS + GOOD))).statuses, [200]);
  const records = await field.gateway.records(2);
  assert.equal(records.at(-1)?.lmgate_id, goodKey.id);
});

test("other requests still need a key: other methods, OPTIONS without a preflight field, upgrades", async () => {
  for (const method of ["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH"]) {
    assert.deepEqual((await field.talk(request(method, path, ASKS), [method])).statuses, [403], method);
  }
  assert.deepEqual((await field.talk(request("OPTIONS", path, "Origin: https://app.example\r\n"))).statuses, [403]);
  assert.deepEqual(
    (await field.talk(request("OPTIONS", path, "X-Access-Control-Request-Method: POST\r\n"))).statuses,
    [403],
  );
  assert.deepEqual(field.taken(), []);
});

test("an OPTIONS with a body or an upgrade is not a preflight and needs a key", async () => {
  for (const [lines, body] of [
    ["Content-Length: 5\r\n", "hello"],
    ["Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"],
    ["Connection: Upgrade\r\nUpgrade: websocket\r\n", ""],
  ] as const) {
    const { statuses } = await field.talk(request("OPTIONS", path, ASKS + lines, body));
    assert.deepEqual(statuses, [403], lines);
  }
  assert.deepEqual(field.taken(), []);
});

test("a preflight without a route is 404 and reaches no upstream", async () => {
  assert.deepEqual((await field.talk(request("OPTIONS", "/v1/chat/completions", ASKS))).statuses, [404]);
  assert.deepEqual(field.taken(), []);
});
