import assert from "node:assert/strict";
import { test } from "node:test";
import type { Field } from "../../wire/field.ts";
import { credentialsOf } from "./credentials.ts";

function fields(...lines: readonly string[]): Field[] {
  return lines.map((line) => {
    const colon = line.indexOf(":");
    return { name: line.slice(0, colon).toLowerCase(), value: line.slice(colon + 1).trim(), start: 0, end: 0 };
  });
}

function providerKeys(target: string, ...lines: readonly string[]): string[] {
  return credentialsOf(fields(...lines), target).providerKeys.map((key) => key.reveal());
}

const headers: ReadonlyArray<readonly [string, string]> = [
  ["Authorization: Bearer sk-1", "sk-1"],
  ["Authorization: bearer sk-1", "sk-1"],
  ["Authorization: BEARER   sk-1", "sk-1"],
  ["Authorization: Bearer \tsk-1", "sk-1"],
  ["X-Api-Key: sk-1", "sk-1"],
  ["Api-Key: sk-1", "sk-1"],
  ["X-Goog-Api-Key: sk-1", "sk-1"],
  ["Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.sk-1, openai-beta.realtime-v1", "sk-1"],
];

for (const [line, key] of headers) {
  test(`S23: the key is found in ${JSON.stringify(line)}`, () => {
    assert.deepEqual(providerKeys("/openai/x", line), [key]);
  });
}

const queries: ReadonlyArray<readonly [string, readonly string[]]> = [
  ["key=sk-1", ["sk-1"]],
  ["alt=sse&key=sk-1", ["sk-1"]],
  ["access_token=sk-1", ["sk-1"]],
  ["api-key=sk-1", ["sk-1"]],
  ["Authorization=Bearer%20sk-1", ["sk-1"]],
  ["authorization=Bearer+sk-1", ["sk-1"]],
  ["KEY=sk-1", ["sk-1"]],
  ["k%65y=sk-1", ["sk-1"]],
  ["key=sk%2D1", ["sk-1"]],
  ["key=a&key=b", ["a", "b"]],
  ["key", [""]],
  ["key=", [""]],
  ["key=a=b", ["a=b"]],
  ["monkey=a&keys=b", []],
  ["x=key", []],
];

for (const [query, keys] of queries) {
  test(`S26: the query ${query} carries ${JSON.stringify(keys)}`, () => {
    assert.deepEqual(providerKeys(`/google/x?${query}`), keys);
  });
}

test("S32: a key in another scheme, or in none, can match no key on the allow-list", () => {
  for (const value of ["Basic sk-1", "sk-1", "Bearer", "Token sk-1"]) {
    const [key = ""] = providerKeys("/x", `Authorization: ${value}`);
    assert.match(key, / /, "no key on the allow-list has a space in it");
  }
});

test("S32: every key is collected, in the order of the fields, with those of the query last", () => {
  const keys = providerKeys("/x?key=d", "x-api-key: a", "Authorization: Bearer b", "X-Goog-Api-Key: c");
  assert.deepEqual(keys, ["a", "b", "c", "d"]);
});

test("S32: repeated Authorization fields are counted", () => {
  const { authorizationFields } = credentialsOf(fields("Authorization: Bearer a", "authorization: Bearer a"), "/x");
  assert.equal(authorizationFields, 2);
});

test("a key in x-lmgate-key is kept apart from the provider's keys", () => {
  const credentials = credentialsOf(fields("X-LMGate-Key: mine", "Authorization: Bearer theirs"), "/x?key=too");
  assert.deepEqual(
    credentials.lmgateKeys.map((key) => key.reveal()),
    ["mine"],
  );
  assert.equal(credentials.providerKeys.length, 2);
});

test("S25: keys are not shown as text or JSON", () => {
  const { providerKeys } = credentialsOf(fields("x-api-key: sk-secret-0123456789"), "/x");
  assert.doesNotMatch(`${String(providerKeys[0])} ${JSON.stringify(providerKeys)}`, /secret/);
});
