import assert from "node:assert/strict";
import { test } from "node:test";
import { TEXT_TYPES } from "./field-definition.ts";
import { RECORD_FIELDS, REDACTED_FIELDS, usageMembers } from "./record-fields.ts";

/** Fields whose text LMGate or the operator chooses, so that no client or provider can put a key into them. */
const OWN_TEXTS: readonly string[] = [
  "lmgate_id",
  "provider",
  "masked_key",
  "owner",
  "operation",
  "error_code",
  "usage_reason",
  "client_ip",
  "session_id",
  "instance",
];

test("every field with text is redacted, except those whose text LMGate or the operator chooses", () => {
  const texts = Object.entries(RECORD_FIELDS).filter(([, { type }]) => TEXT_TYPES.includes(type));
  const own = texts.map(([name]) => name).filter((name) => !REDACTED_FIELDS.some((redacted) => redacted === name));
  assert.deepEqual(own, OWN_TEXTS);
});

test("the members of usage are listed by the type of their field, each once", () => {
  assert.deepEqual(usageMembers("text"), ["serviceTier", "speed", "inferenceGeo", "trafficType"]);
  const all = usageMembers("count", "amount", "counts", "text", "items", "json");
  assert.equal(new Set(all).size, all.length);
});
