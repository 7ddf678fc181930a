// LMGate finds a client by the digest of the whole key. An identity that was cached under a token's first characters admitted
// strangers elsewhere (CVE-2026-35030), and a key that was put into a query gave its sender the database (CVE-2026-42208).
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";

import { bearer, startAttackFixture, goodKey, type AttackFixture } from "./attack-fixture.ts";

const shared = "sk-proj-the-same-forty-characters-for-all-of-";
const siblings = Array.from({ length: 2_000 }, (_, n) => ({
  id: `s-${n}`,
  owner: "Siblings",
  key: `${shared}${String(n).padStart(5, "0")}-and-the-same-end`,
}));

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture({ keys: [goodKey, ...siblings] });
});
after(() => fixture.stop());

test("S20: only the exact bytes of a key are admitted, however similar others are", async () => {
  const { key } = siblings[1234] ?? goodKey;
  assert.equal(await fixture.clientIdOf(bearer(key)), "s-1234");
  assert.equal(await fixture.clientIdOf(bearer(siblings[1235]?.key ?? "")), "s-1235");
  const near = new Set<string>([
    key.toUpperCase(),
    key.toLowerCase().replace("sk", "Sk"),
    `${key}0`,
    `x${key}`,
    key.repeat(2),
    `${shared}99999-and-the-same-end`,
    shared,
  ]);
  for (let at = 0; at < key.length; at++) {
    near.add(`${key.slice(0, at)}${key[at] === "x" ? "y" : "x"}${key.slice(at + 1)}`);
    near.add(key.slice(0, at) + key.slice(at + 1));
    if (at >= 8) near.add(key.slice(0, at));
  }
  const zeroWidth = Buffer.from("\u200b", "utf8").toString("latin1");
  const combining = Buffer.from("k\u0301", "utf8").toString("latin1");
  for (const odd of [
    `${key}${zeroWidth}`,
    `${zeroWidth}${key}`,
    key.replace("k", combining),
    `${key}\xad`,
    `\xef\xbb\xbf${key}`,
    `${key}%00`,
  ])
    near.add(odd);
  for (const { key: other } of siblings) near.delete(other);
  for (const other of near) await fixture.assertRejected(403, bearer(other));
  await fixture.assertRejected(400, bearer(`${key}\0`));
});

test("S22: the hash, the mask and the id of a key are not admitted in its place", async () => {
  const { key, id, owner } = goodKey;
  const sha = createHash("sha256").update(key);
  const digest = sha.copy().digest("hex");
  for (const value of [
    digest,
    digest.toUpperCase(),
    sha.copy().digest("base64"),
    sha.digest("base64url"),
    key.slice(-6),
    `…${key.slice(-6)}`,
    id,
    owner,
    "null",
    "*",
    "undefined",
    "[api key]",
  ]) {
    const text = Buffer.from(value, "utf8").toString("latin1");
    await fixture.assertRejected(403, bearer(text));
    await fixture.assertRejected(403, `x-lmgate-key: ${text}\r\n`);
  }
});

test("S21: any value in the place of a key is only bytes", async () => {
  for (const value of [
    "' OR '1'='1",
    "1;DROP TABLE keys--",
    "${jndi:ldap://127.0.0.2/x}",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "toString",
    "%s%s%s%n",
    "%00",
    "NaN",
    "0",
    "true",
    "\\u0000",
    "\xff\xfe",
    '{"$ne":null}',
    "a".repeat(60_000),
    `a${" ".repeat(60_000)}b`,
    `a${", ".repeat(30_000)}b`,
  ]) {
    for (const line of [
      "Authorization: Bearer ",
      "x-api-key: ",
      "x-lmgate-key: ",
      "Sec-WebSocket-Protocol: openai-insecure-api-key.",
    ]) {
      await fixture.assertRejected(403, `${line}${value}\r\n`);
    }
    const query = encodeURIComponent(value).replaceAll("%00", "%01");
    if (query.length < 64_000) await fixture.assertRejected(403, "", `/openai/x?key=${query}`);
  }
  for (const value of ["a\0b", "a\x1b[31mb", "a\x7f"]) await fixture.assertRejected(400, bearer(value));
});
