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

function ask(providerKeys: readonly string[], gateKeys: readonly string[] = []) {
  const made = (texts: readonly string[]): ApiKey[] => texts.map((text) => new ApiKey(text));
  const credentials = { providerKeys: made(providerKeys), gateKeys: made(gateKeys), authorizationFields: 0 };
  const identify = (key: ApiKey): Client | undefined =>
    Object.hasOwn(rows, key.reveal()) ? rows[key.reveal()] : undefined;
  const found = authorize(credentials, identify, now);
  return found.ok ? found.client.id : found.reason;
}

const cases: ReadonlyArray<
  readonly [what: string, expected: string, keys: readonly string[], own?: readonly string[]]
> = [
  ["a listed key opens", "ann", ["key-of-ann"]],
  ["no key does not", "no_key", []],
  ["an empty key is none", "no_key", [""]],
  ["an unknown key does not", "unknown_key", ["nobody"]],
  ["a key that has not expired yet opens", "ann", ["new-key-of-ann"]],
  ["a key does not open from the moment it expires", "expired", ["old-key-of-ann"]],
  ["the same key twice opens", "ann", ["key-of-ann", "key-of-ann"]],
  ["two keys of one row open", "ann", ["key-of-ann", "new-key-of-ann"]],
  ["an expired second key does not", "expired", ["key-of-ann", "old-key-of-ann"]],
  ["S32: keys of two rows do not open", "mixed_keys", ["key-of-ann", "key-of-bob-0123456789"]],
  ["S32: a listed key does not carry an unknown one along", "mixed_keys", ["key-of-ann", "foreign"]],
  ["S32: an unknown key first is unknown", "unknown_key", ["foreign", "key-of-ann"]],
  ["S32: a listed key does not carry an empty one along", "mixed_keys", ["key-of-ann", ""]],
  ["with LMGate's own key the provider's are not looked at", "ann", ["an hourly token"], ["key-of-ann"]],
  ["a wrong own key is not made good by a right one for the provider", "unknown_key", ["key-of-ann"], ["nobody"]],
  ["an empty own key is no key, whatever else is there", "no_key", ["key-of-ann"], [""]],
  ["two own keys of two rows do not open", "mixed_keys", [], ["key-of-ann", "key-of-bob-0123456789"]],
];

for (const [what, expected, keys, own] of cases) {
  test(what, () => assert.equal(ask(keys, own), expected));
}

test("a refusal shows the end of a long key and nothing of a short one", () => {
  const refuse = (text: string): string =>
    authorize({ providerKeys: [new ApiKey(text)], gateKeys: [], authorizationFields: 1 }, () => undefined, now)
      .maskedKey;
  assert.equal(refuse("sk-unknown-0123456789"), "456789");
  assert.equal(refuse("short-key"), "");
});
