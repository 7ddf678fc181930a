// What counts as a key, and in which places. LMGate must send exactly the keys that it checked: an allowed key in one place
// must not let an unknown one pass in another.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";

import {
  bearer,
  startAttackFixture,
  FORBIDDEN,
  goodKey,
  otherKey,
  request,
  unknownKey,
  type AttackFixture,
} from "./attack-fixture.ts";

const secondKey = "sk-second-0123456789-STUVWX"; // the same id as `goodKey`, during a rotation
const disabledKey = "sk-disabled-0123456789-YZabcd";
const expiredKey = "sk-expired-0123456789-efghij";
const hashedKey = "sk-hashed-0123456789-klmnop";
const digest = (text: string): string => createHash("sha256").update(text, "latin1").digest("hex");

const ALLOWLIST = [
  "id,api_key,owner,added,disabled,expires_at",
  `${goodKey.id},${goodKey.key},Good Team,2026-11-01,,`,
  `${goodKey.id},${secondKey},Good Team,2026-11-01,false,2999-01-01`,
  `${otherKey.id},${otherKey.key},Other Team,2026-11-01,,2999-12-31T23:59:59Z`,
  `k-disabled,${disabledKey},Off,2026-11-01,true,`,
  `k-expired,${expiredKey},Past,2026-11-01,,2020-01-01`,
  `k-hashed,sha256:${digest(hashedKey).toUpperCase()},Hashed,2026-11-01,,`,
  "",
].join("\n");

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture({ allowlist: ALLOWLIST });
});
after(() => fixture.stop());
beforeEach(() => void fixture.takeRequests());

/** Every place that can carry a key, as header lines and a target. */
function carriers(key: string): readonly (readonly [lines: string, target: string])[] {
  const path = "/google/v1/models";
  return [
    [bearer(key), path],
    [`authorization: bearer ${key}\r\n`, path],
    [`AUTHORIZATION: BEARER   ${key}  \r\n`, path],
    [`x-api-key: ${key}\r\n`, path],
    [`X-API-Key:${key}\t\r\n`, path],
    [`api-key: ${key}\r\n`, path],
    [`x-goog-api-key: ${key}\r\n`, path],
    [`x-lmgate-key: ${key}\r\n`, path],
    [`Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.${key}, openai-beta.realtime-v1\r\n`, path],
    [`Sec-WebSocket-Protocol: realtime\r\nSec-WebSocket-Protocol: openai-insecure-api-key.${key}\r\n`, path],
    ["", `${path}?key=${key}`],
    ["", `${path}?alt=sse&key=${key}&x=1`],
    ["", `${path}?K%65y=${key}`.replace("K", "k")],
    ["", `${path}?key=${key.replaceAll("-", "%2d").replace("s", "%73")}`],
    ["", `${path}?access_token=${key}`],
    ["", `${path}?api-key=${key}`],
    ["", `${path}?Authorization=Bearer%20${key}`],
    ["", `${path}?Authorization=bearer+${key}`],
  ];
}

test("S23: a key identifies the same client in every place, and another key there another client", async () => {
  for (const [lines, target] of carriers(goodKey.key))
    assert.equal(await fixture.clientIdOf(lines, target), goodKey.id);
  for (const [lines, target] of carriers(otherKey.key))
    assert.equal(await fixture.clientIdOf(lines, target), otherKey.id);
});

test("S23: an unknown, a disabled and an expired key are rejected in every place", async () => {
  for (const key of [unknownKey, disabledKey, expiredKey]) {
    for (const [lines, target] of carriers(key)) await fixture.assertRejected(403, lines, target);
  }
});

test("a row with a digest admits its key and nothing else", async () => {
  assert.equal(await fixture.clientIdOf(bearer(hashedKey)), "k-hashed");
  for (const key of [`sha256:${digest(hashedKey)}`, `sha256:${digest(hashedKey).toUpperCase()}`, digest(hashedKey)]) {
    await fixture.assertRejected(403, bearer(key));
  }
});

test("S32: keys of different clients in one request are rejected, in either order", async () => {
  const all = [...carriers(unknownKey), ...carriers(otherKey.key), ...carriers(expiredKey)];
  for (const [lines, target] of all.filter(([line]) => !line.startsWith("x-lmgate-key"))) {
    if (/^authorization/i.test(lines)) continue; // two of them are malformed; see below
    await fixture.assertRejected(403, bearer(goodKey.key) + lines, target);
    await fixture.assertRejected(403, lines + bearer(goodKey.key), target);
  }
  await fixture.assertRejected(403, "", `/google/x?key=${goodKey.key}&key=${unknownKey}`);
  await fixture.assertRejected(403, "", `/google/x?key=${unknownKey}&key=${goodKey.key}`);
  await fixture.assertRejected(403, "", `/google/x?key=${goodKey.key}&access_token=${otherKey.key}`);
  await fixture.assertRejected(403, `x-api-key: ${goodKey.key}\r\nx-api-key: ${unknownKey}\r\n`);
  await fixture.assertRejected(403, `x-api-key: ${goodKey.key}\r\nx-api-key:\r\n`);
});

test("S32: a key in the query is found under every spelling that a provider may accept for its name", async () => {
  for (const name of [
    "key",
    "Key",
    "KEY",
    "%6bey",
    "K%65Y",
    "access_token",
    "Access_Token",
    "access%5Ftoken",
    "api-key",
    "API-Key",
    "Authorization",
    "authorization",
    "AUTHORIZATION",
  ]) {
    await fixture.assertRejected(403, bearer(goodKey.key), `/google/v1/models?${name}=${unknownKey}`);
    await fixture.assertRejected(403, bearer(goodKey.key), `/google/v1/models?a=b&&${name}=Bearer%20${unknownKey}&c`);
  }
});

test("S32: the same key in several places, and two keys of one client, are admitted and all forwarded", async () => {
  const lines = `${bearer(goodKey.key)}x-api-key: ${goodKey.key}\r\nx-api-key: ${secondKey}\r\n`;
  const target = `/google/v1/models?key=${secondKey}`;
  const { statuses } = await fixture.send(request("GET", target, lines));
  assert.deepEqual(statuses, [200]);
  const [forwarded] = fixture.takeRequests();
  assert.equal(forwarded?.target, target.slice("/google".length));
  assert.equal(`${forwarded.lines.slice(1).join("\r\n")}\r\n`, lines);
});

test("S32: a second Authorization is rejected, even an equal one, even beside x-lmgate-key", async () => {
  for (const second of [goodKey.key, otherKey.key, unknownKey, ""]) {
    await fixture.assertRejected(400, bearer(goodKey.key) + bearer(second));
    await fixture.assertRejected(
      400,
      `${bearer(goodKey.key)}X: y\r\nauthorization: ${second}\r\nx-lmgate-key: ${goodKey.key}\r\n`,
    );
  }
});

test("S32: an Authorization that is not one Bearer token is not authorized", async () => {
  const { key } = goodKey;
  for (const value of [
    `Bearer ${key}, Bearer ${key}`,
    `Bearer ${key}, Bearer ${unknownKey}`,
    `Bearer ${key},`,
    `Bearer ${key} ${key}`,
    `Bearer ${key} x`,
    `Bearer "${key}"`,
    `Bearer: ${key}`,
    key,
    `Bearer${key}`,
    `Bearer\t${key}x`,
    `Bearer Bearer ${key}`,
    `Token ${key}`,
    `Basic ${Buffer.from(`${key}:`).toString("base64")}`,
    `Basic ${Buffer.from(`user:${key}`).toString("base64")}`,
    `AWS4-HMAC-SHA256 Credential=${key}/20261101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=00`,
    `Bearer ${key}\xa0`,
    `Bearer \xc2\xa0${key}`,
    `Bearer ${"a".repeat(8_192)}`,
    `Bearer ${key}${"\xff".repeat(64)}`,
    "Bearer",
    "Bearer ",
    "",
  ]) {
    await fixture.assertRejected(403, `Authorization: ${value}\r\n`);
  }
  await fixture.assertRejected(403, `x-api-key: Bearer ${key}\r\n`);
  await fixture.assertRejected(403, "", `/openai/x?key=Bearer%20${key}`);
});

test("S37: a Connection that names a field with a key is rejected, because the field would be checked and then dropped", async () => {
  const lines = `${bearer(goodKey.key)}x-api-key: ${goodKey.key}\r\n`;
  for (const value of [
    "authorization",
    "Authorization",
    "close, X-Api-Key",
    "x-api-key,keep-alive",
    "api-key",
    "x-goog-api-key",
    "x-lmgate-key",
    "sec-websocket-protocol",
    "host",
    "content-length",
    "transfer-encoding",
  ]) {
    await fixture.assertRejected(400, `${lines}Connection: ${value}\r\n`);
    await fixture.assertRejected(400, `Connection: keep-alive\r\n${lines}connection: ${value}\r\n`);
  }
});

test("S37: other fields that Connection names are for this hop and are not forwarded, even repeated ones", async () => {
  const lines =
    "Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\nX-Kept: 2\r\nx-hop: 3\r\nKeep-Alive: timeout=0\r\nTE: trailers\r\nProxy-Connection: close\r\nProxy-Authorization: Basic x\r\n";
  await fixture.send(request("GET", "/openai/x", bearer(goodKey.key) + lines));
  assert.deepEqual(fixture.takeRequests()[0]?.lines.slice(2), ["X-Kept: 2"]);
});

test("x-lmgate-key alone identifies the client: the provider's credential is not checked or changed, and x-lmgate-key is not forwarded", async () => {
  for (const credential of [
    bearer("ya29.an-oauth-token"),
    bearer(otherKey.key),
    `x-api-key: ${unknownKey}\r\n`,
    "Authorization: Basic eDp5\r\n",
  ]) {
    assert.equal(await fixture.clientIdOf(`${credential}X-LMGate-Key: ${goodKey.key}\r\n`), goodKey.id);
    const [received] = fixture.takeRequests();
    assert.equal(`${received?.lines.slice(1).join("\r\n")}\r\n`, credential);
  }
  assert.equal(await fixture.clientIdOf(`x-lmgate-key: ${goodKey.key}\r\n`, `/google/x?key=${unknownKey}`), goodKey.id);
});

test("an unknown, empty, expired or contradictory x-lmgate-key is rejected, whatever other keys there are", async () => {
  for (const key of [unknownKey, "", expiredKey, disabledKey, `Bearer ${goodKey.key}`]) {
    await fixture.assertRejected(403, `${bearer(goodKey.key)}x-lmgate-key: ${key}\r\n`);
  }
  await fixture.assertRejected(403, `x-lmgate-key: ${goodKey.key}\r\nx-lmgate-key: ${otherKey.key}\r\n`);
  await fixture.assertRejected(403, `x-lmgate-key: ${goodKey.key}\r\nx-lmgate-key: ${unknownKey}\r\n`);
  await fixture.assertRejected(403, `x-lmgate-key: ${goodKey.key}, ${goodKey.key}\r\n`);
});

test("OPTIONS without a key is rejected like any other request while preflights are not allowed", async () => {
  const preflight =
    "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n";
  const { responses } = await fixture.send(request("OPTIONS", "/openai/v1/chat/completions", preflight));
  assert.equal(responses[0]?.status, 403);
  assert.equal(responses[0].text, FORBIDDEN);
  assert.ok(responses[0].lines.every((line) => !/^access-control/i.test(line)));
  assert.deepEqual(fixture.takeRequests(), []);
});
