import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiKey, type Client } from "../../core/request/client.ts";
import { authorize } from "./authorize.ts";

const now = 1_000;
const rows: Readonly<Record<string, Client>> = {
  "key-of-ann": { id: "ann", owner: "A", expiresAt: undefined },
  "new-key-of-ann": { id: "ann", owner: "A", expiresAt: now + 1 },
  "old-key-of-ann": { id: "ann", owner: "A", expiresAt: now },
  "key-of-bob-0123456789": { id: "bob", owner: "B", expiresAt: undefined },
};

function authorizeKeys(providerKeys: readonly string[], lmgateKeys: readonly string[] = []) {
  const toKeys = (texts: readonly string[]): ApiKey[] => texts.map((text) => new ApiKey(text));
  const credentials = { providerKeys: toKeys(providerKeys), lmgateKeys: toKeys(lmgateKeys), authorizationFields: 0 };
  const identify = (key: ApiKey): Client | undefined =>
    Object.hasOwn(rows, key.reveal()) ? rows[key.reveal()] : undefined;
  const authorization = authorize(credentials, identify, now);
  return authorization.ok ? authorization.client.id : authorization.reason;
}

const cases: ReadonlyArray<
  readonly [title: string, expected: string, keys: readonly string[], lmgateKeys?: readonly string[]]
> = [
  ["a key on the allow-list is authorized", "ann", ["key-of-ann"]],
  ["a request without a key is not", "no_key", []],
  ["an empty key counts as no key", "no_key", [""]],
  ["an unknown key is not authorized", "unknown_key", ["unknown"]],
  ["a key is authorized until it expires", "ann", ["new-key-of-ann"]],
  ["a key is not authorized from the moment it expires", "expired", ["old-key-of-ann"]],
  ["the same key twice is authorized", "ann", ["key-of-ann", "key-of-ann"]],
  ["two keys of one row are authorized", "ann", ["key-of-ann", "new-key-of-ann"]],
  ["an expired second key is not authorized", "expired", ["key-of-ann", "old-key-of-ann"]],
  ["S32: keys of two rows are not authorized", "mixed_keys", ["key-of-ann", "key-of-bob-0123456789"]],
  ["S32: a known key does not authorize an unknown one beside it", "mixed_keys", ["key-of-ann", "foreign"]],
  ["S32: an unknown key before a known one is unknown", "unknown_key", ["foreign", "key-of-ann"]],
  ["S32: a known key does not authorize an empty one beside it", "mixed_keys", ["key-of-ann", ""]],
  ["with x-lmgate-key, the provider's keys are not checked", "ann", ["an hourly token"], ["key-of-ann"]],
  ["a known provider key does not make up for an unknown x-lmgate-key", "unknown_key", ["key-of-ann"], ["unknown"]],
  ["an empty x-lmgate-key counts as no key, whatever other keys there are", "no_key", ["key-of-ann"], [""]],
  [
    "two x-lmgate-key fields with keys of two rows are not authorized",
    "mixed_keys",
    [],
    ["key-of-ann", "key-of-bob-0123456789"],
  ],
];

for (const [title, expected, keys, lmgateKeys] of cases) {
  test(title, () => assert.equal(authorizeKeys(keys, lmgateKeys), expected));
}

test("a rejection shows the end of a long key and nothing of a short one", () => {
  const maskedKey = (text: string): string =>
    authorize({ providerKeys: [new ApiKey(text)], lmgateKeys: [], authorizationFields: 1 }, () => undefined, now)
      .maskedKey;
  assert.equal(maskedKey("sk-unknown-0123456789"), "456789");
  assert.equal(maskedKey("short-key"), "");
});
