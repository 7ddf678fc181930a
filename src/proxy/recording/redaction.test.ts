import assert from "node:assert/strict";
import { test } from "node:test";
import type { RequestRecord } from "../../core/request/request-record.ts";
import { ApiKey } from "../../core/request/client.ts";
import { CheckedTexts, redactKeys } from "./redaction.ts";

const template: RequestRecord = {
  timestamp: "2026-11-01T00:00:00.000Z",
  lmgate_id: "k-1",
  provider: "openai",
  endpoint: "/openai/v1/models/gpt-4o%20mini",
  model: "gpt-4o-mini",
  status: 200,
  input_tokens: 1,
  output_tokens: 2,
  masked_key: "beef77",
  error_type: null,
  id: "01a20948-6089-77ea-81fa-c2c08f94a96c",
  user_agent: "curl/8",
  tags: { team: "a" },
  usage_raw: { prompt_tokens: 1, details: { cached_tokens: 0 }, list: [1, "x"] },
};
const secret = "c0ffee11deadbeef22c0ffeebeef77";
const keys = [new ApiKey(secret)];

test("a record without a key is returned as the same object", () => {
  assert.equal(redactKeys(template, keys), template);
  assert.equal(redactKeys(template, []), template);
});

test("a key that authorized the request is redacted in every text that clients and providers choose", () => {
  const record = redactKeys(
    {
      ...template,
      endpoint: `/openai/x-${secret}/y`,
      error_type: secret,
      service_tier: secret,
      response_id: `id-${secret}`,
      tags: { [secret]: "a", note: `it is ${secret}` },
      usage_raw: { [secret]: 1, deep: { list: [1, { echo: secret }] } },
      tool_calls: { [secret]: 3 },
    },
    keys,
  );
  assert.doesNotMatch(JSON.stringify(record), /c0ffee/);
  assert.equal(record.endpoint, "/openai/x-[redacted]/y");
  assert.deepEqual(record.usage_raw, { "[redacted]": 1, deep: { list: [1, { echo: "[redacted]" }] } });
});

test("what looks like a key is redacted word by word, and in a path segment by segment, encoded or not", () => {
  const shaped = "sk-proj-A1b2C3d4E5f6";
  const cases: Readonly<Record<string, string>> = {
    [`/openai/${shaped}/v1/models`]: "/openai/[redacted]/v1/models",
    [`/openai/v1;key=${shaped};x`]: "/openai/v1;key=[redacted];x",
    [`/openai/sk%2Dproj%2DA1b2C3d4E5f6/x%20y`]: "/openai/[redacted]/x%20y",
    [`/google/AIzaSyA1b2C3d4E5f6G7h8:verb/x`]: "/google/[redacted]/x",
    "/openai/v1/risk-assessments/risk-12345678": "/openai/v1/risk-assessments/risk-12345678",
    "/openai/v1/100%zz": "/openai/v1/100%zz",
  };
  for (const [endpoint, expected] of Object.entries(cases)) {
    assert.equal(redactKeys({ ...template, endpoint }, []).endpoint, expected);
  }
  assert.equal(redactKeys({ ...template, user_agent: `x Bearer ${shaped} y` }, []).user_agent, "x [redacted] y");
});

test("LMGate's own fields stay, even if a key has the same text", () => {
  const odd = [new ApiKey("lmgate_id"), new ApiKey("timestamp"), new ApiKey("01a20948-6089-77ea-81fa-c2c08f94a96c")];
  assert.equal(redactKeys(template, odd), template);
});

test("a text that held no key of one request is searched again for the keys of the next", () => {
  const checked = new CheckedTexts();
  const record = { ...template, model: secret, usage_raw: { [secret]: 1 } };
  assert.equal(redactKeys(record, [], checked), record);
  const redacted = redactKeys(record, keys, checked);
  assert.equal(redacted.model, "[redacted]");
  assert.deepEqual(redacted.usage_raw, { "[redacted]": 1 });
  assert.equal(redactKeys({ ...template, model: "sk-0123456789ab" }, [], checked).model, "[redacted]");
  assert.equal(redactKeys({ ...template, model: "sk-0123456789ab" }, [], checked).model, "[redacted]");
});

test("the checked texts are bounded in length and number", () => {
  const checked = new CheckedTexts();
  checked.add("x".repeat(65));
  assert.equal(checked.has("x".repeat(65)), false);
  checked.add("first");
  for (let n = 0; n < 5_000; n++) checked.add(`model-${n}`);
  assert.equal(checked.has("first"), false);
  assert.equal(checked.has("model-4999"), true);
});
