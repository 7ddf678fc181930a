import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { keyDigest, keyIssue } from "./key-rules.ts";

test("R77: a text that cannot be a key is rejected, and the reason never quotes it", () => {
  const wrong = [
    "",
    " ",
    "x",
    "*",
    "null",
    "1234567",
    "undefined",
    "__proto__",
    "constructor",
    "[object Object]",
    "xxxxxxxxxxxx",
    "********",
    "sk-with space",
    " sk-leading-space",
    "sk-trailing-tab\t",
    "sk-line\nbreak",
    "sk-null\u0000byte",
    "sk-umlaut-ä",
    `sk-${"a".repeat(10_240)}`,
    "sha256:",
    "sha256:abc",
    `SHA256:${"g".repeat(64)}`,
    `sha256:${"a".repeat(65)}`,
  ];
  for (const key of wrong) {
    const issue = keyIssue(key);
    assert.notEqual(issue, undefined, JSON.stringify(key));
    if (key.length > 8 && !key.startsWith("sha256")) assert.ok(!issue?.includes(key), key);
  }
});

test("keys of all providers are accepted", () => {
  const right = [
    "sk-proj-abc_DEF-123",
    "sk-ant-api03-x/y+z==",
    "AIzaSyA-0123456789",
    "gsk_0123456789",
    "sk-ant-your-anthropic-key-here",
    "12345678",
    `sha256:${"aB".repeat(32)}`,
  ];
  for (const key of right) assert.equal(keyIssue(key), undefined, key);
});

test("a key and its digest form have the same digest", () => {
  const hex = createHash("sha256").update("sk-proj-1234567890").digest("hex");
  assert.equal(keyDigest("sk-proj-1234567890").toString("hex"), hex);
  assert.equal(keyDigest(`sha256:${hex}`).toString("hex"), hex);
  assert.equal(keyDigest(`SHA256:${hex.toUpperCase()}`).toString("hex"), hex);
});
