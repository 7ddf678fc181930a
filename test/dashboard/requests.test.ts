import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeRequests } from "../../dashboard/src/data/requests.ts";
import { costReason, usageReason } from "../../dashboard/src/format/reason.ts";
import { curlOf } from "../../dashboard/src/requests/request-text.ts";
import { splitTerms } from "../../dashboard/src/requests/search-terms.ts";
import { tools } from "../../dashboard/src/setup/tools.ts";
import type { RequestRecord, RequestRow } from "../../src/admin/api/contract.ts";

function row(id: string, timestamp: string): RequestRow {
  return {
    id,
    timestamp,
    lmgate_id: "anna",
    provider: "openai",
    endpoint: "/openai/v1/responses",
    model: "m",
    status: 200,
    error_type: null,
    masked_key: "abc123",
    client_app: "curl",
  };
}

test("requests that arrive twice are shown once, newest first", () => {
  const present = [row("c", "2026-11-23T10:00:03Z"), row("a", "2026-11-23T10:00:01Z")];
  const merged = mergeRequests(present, [row("c", "2026-11-23T10:00:03Z"), row("b", "2026-11-23T10:00:02Z")]);
  assert.deepEqual(
    merged.map(({ id }) => id),
    ["c", "b", "a"],
  );
  assert.equal(mergeRequests(present, [row("a", "2026-11-23T10:00:01Z")]), present);
});

test("typed filters are separated by spaces, and quotes keep a value together", () => {
  assert.deepEqual(splitTerms(' status:>=400  owner:"Anna B" model:!gpt-5 '), [
    "status:>=400",
    "owner:Anna B",
    "model:!gpt-5",
  ]);
});

test("a request copied as curl contains no key, and no path can break out of its quotes", () => {
  const record = { ...row("a", "2026-11-23T10:00:01Z"), endpoint: "/openai/v1/x'; rm -rf ~; '", method: "POST" };
  const full: RequestRecord = { ...record, input_tokens: 1, output_tokens: 1 };
  const text = curlOf(full, [{ name: "openai", baseUrl: "http://gate:8080/openai", upstream: "https://x/" }]);
  assert.match(text, /^curl -X POST 'http:\/\/gate:8080\/openai\/v1\/x'\\''; rm -rf ~; '\\'''/);
  assert.match(text, /\$OPENAI_API_KEY/);
  assert.doesNotMatch(text, /abc123/);
});

test("an unknown number has a reason and a hint", () => {
  assert.match(usageReason({ usage_state: "missing", usage_reason: "not_requested" }), /include_usage/);
  assert.match(costReason({ usage_state: "final", cost_source: "none" }), /No price/);
  assert.match(usageReason({ usage_state: "not_applicable" }), /uses no tokens, or it failed/);
});

test("every tool's setup names the base URL and, if the tool can send one, the LMGate key", () => {
  for (const tool of tools) {
    for (const name of tool.providers) {
      const base = `http://gate:8080/${name}`;
      const made = tool.write({ base, key: "lmg_secret" });
      assert.ok(made.includes(base), `${tool.id} ${name}`);
      assert.ok(made.includes("lmg_secret") || tool.id === "open-webui", `${tool.id} ${name}`);
      assert.ok(!tool.write({ base, key: undefined }).includes("lmg_"), `${tool.id} ${name}`);
    }
    assert.equal(tools.filter(({ id }) => id === tool.id).length, 1);
  }
});
