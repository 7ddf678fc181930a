import assert from "node:assert/strict";
import { test } from "node:test";
import { assertGrowsWithSize } from "../../test/harness/cpu-work.ts";
import { findProvider, knownProviders, providerNameIssue, suggestPrefix } from "./index.ts";

const ENABLED = ["openai", "anthropic", "google"];

test("openai, anthropic and google are on by default, with their public upstreams", () => {
  const on = knownProviders().filter((provider) => provider.onByDefault);
  assert.deepEqual(
    on.map(({ name, upstream }) => [name, upstream]),
    [
      ["openai", "https://api.openai.com/"],
      ["anthropic", "https://api.anthropic.com/"],
      ["google", "https://aiplatform.googleapis.com/"],
    ],
  );
});

test("every known provider has a unique, valid name and an upstream that is a URL or undefined", () => {
  const names = knownProviders().map((provider) => provider.name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, upstream } of knownProviders()) {
    assert.equal(providerNameIssue(name), undefined, name);
    if (upstream !== undefined) assert.ok(URL.canParse(upstream), name);
  }
});

test("only xai, gemini, google and perplexity count reasoning tokens outside the output", () => {
  const exclusive = knownProviders().filter((provider) => provider.exclusiveReasoning);
  assert.deepEqual(exclusive.map((provider) => provider.name).toSorted(), ["gemini", "google", "perplexity", "xai"]);
});

test("providers whose customers have hosts of their own have no default upstream", () => {
  for (const name of ["azure", "azure-anthropic", "bedrock", "bedrock-mantle", "anthropic-aws"]) {
    assert.equal(findProvider(name)?.upstream, undefined, name);
    assert.notEqual(findProvider(name), undefined, name);
  }
});

test("a name that is not a valid path segment, or that LMGate serves itself, is rejected", () => {
  for (const name of [
    "",
    "healthz",
    "livez",
    "readyz",
    "OpenAI",
    "a/b",
    "-a",
    ".well",
    "__proto__",
    "ä",
    "a b",
    "a".repeat(65),
  ]) {
    assert.notEqual(providerNameIssue(name), undefined, name);
  }
  for (const name of ["openai", "my-models", "eu.openai", "0x", "constructor", "a".repeat(64)]) {
    assert.equal(providerNameIssue(name), undefined, name);
  }
});

const SUGGESTIONS: readonly (readonly [string, string | undefined])[] = [
  ["/v1/chat/completions", "/openai/v1/chat/completions"],
  ["/v1/chat/completions?stream=1", "/openai/v1/chat/completions"],
  ["/chat/completions", "/openai/v1/chat/completions"],
  ["/v1/responses/resp_1", "/openai/v1/responses/resp_1"],
  ["/v1/models", "/openai/v1/models"],
  ["/v1/messages", "/anthropic/v1/messages"],
  ["/v1/messages/count_tokens", "/anthropic/v1/messages/count_tokens"],
  ["/messages", "/anthropic/v1/messages"],
  ["/anthropic/messages", "/anthropic/v1/messages"],
  ["/openai/chat/completions", "/openai/v1/chat/completions"],
  ["/v1/v1/messages", "/anthropic/v1/messages"],
  ["/openai/v1/v1/chat/completions", "/openai/v1/chat/completions"],
  ["/OpenAI/v1/models", "/openai/v1/models"],
  [
    "/v1/projects/p/locations/l/publishers/google/models/m:generateContent",
    "/google/v1/projects/p/locations/l/publishers/google/models/m:generateContent",
  ],
  ["/v1beta/models/gemini-x:streamGenerateContent", "/google/v1beta/models/gemini-x:streamGenerateContent"],
  ["/v1beta1/publishers/google/models/m:generateContent", "/google/v1beta1/publishers/google/models/m:generateContent"],
  ["/", undefined],
  ["/favicon.ico", undefined],
  ["/openai/v1/chat/completions", undefined],
  ["/v2/chat", undefined],
  ["/metrics", undefined],
  ["", undefined],
];

test("a path without a prefix gets a suggestion for the provider it was probably meant for", () => {
  for (const [path, expected] of SUGGESTIONS) assert.equal(suggestPrefix(path, ENABLED), expected, path);
});

test("a provider that is not enabled is never suggested", () => {
  assert.equal(suggestPrefix("/v1/messages", ["openai"]), undefined);
  assert.equal(suggestPrefix("/v1/chat/completions", ["anthropic"]), undefined);
  assert.equal(
    suggestPrefix("/v1beta/models/m:generateContent", ["gemini"]),
    "/gemini/v1beta/models/m:generateContent",
  );
  assert.equal(suggestPrefix("/v2/chat", ["cohere"]), "/cohere/v2/chat");
});

test("the work for a very long path grows no faster than the path", async () => {
  await assertGrowsWithSize(160_000, (size) => suggestPrefix(`/${"v1/".repeat(size)}`, ENABLED));
  await assertGrowsWithSize(240_000, (size) => suggestPrefix(`/${"a:".repeat(size)}`, ENABLED));
});
