import assert from "node:assert/strict";
import { test } from "node:test";
import { assertWorkWithin } from "../../test/harness/cpu-work.ts";
import { MAX_CONFIG_BYTES, readSettings, type LoadedSettings } from "./config.ts";
import { formatIssues } from "./config-issue.ts";

function read(text: string): ReturnType<typeof readSettings> {
  return readSettings(text, { file: "lmgate.yaml", env: {}, flags: [] });
}

function loaded(text: string): LoadedSettings {
  const result = read(text);
  assert.ok("settings" in result, "issues" in result ? formatIssues(result.issues).join("\n") : "");
  return result;
}

function issuesOf(text: string): readonly string[] {
  const result = read(text);
  assert.ok("issues" in result, `accepted: ${text}`);
  return formatIssues(result.issues);
}

const HOSTILE: Readonly<Record<string, readonly [text: string, expected: RegExp]>> = {
  "an alias bomb": ["a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nserver: *c\n", /anchors|aliases/],
  "an anchor": ["server: &s { port: 1 }\n", /anchors \(&name\) are not allowed/],
  "an unresolved alias": ["server: *nothing\n", /aliases|alias/],
  "a JavaScript tag": ["server: !!js/function 'process.exit()'\n", /tags \(!name\) are not allowed/],
  "a standard tag": ["server: { port: !!int '80' }\n", /tags \(!name\) are not allowed/],
  "a merge key": ["server:\n  <<: { __proto__: { polluted: true } }\n", /merge keys \(<<\) are not allowed/],
  "a prototype": [
    "__proto__: { polluted: true }\nserver: { __proto__: { x: 1 }, constructor: { y: 2 } }\n",
    /__proto__: no such section/,
  ],
  "a prototype among the providers": [
    "providers: { __proto__: { upstream: https://x.example } }\n",
    /invalid provider name/,
  ],
  "a tab for indentation": ["server:\n\tport: 1\n", /^lmgate\.yaml:2:\d+: a tab is used/],
  "a second document": ["server: { port: 1 }\n---\nserver: { port: 2 }\n", /more than one YAML document/],
  "a directive": ["%YAML 1.1\n---\nserver: { port: 010 }\n", /directives/],
  "deep nesting": [`server: ${"[".repeat(32_000)}`, /nesting is too deep/],
  "deep nesting by dashes": ["- ".repeat(16_000), /nesting is too deep/],
  "a key that is no name": ["? [a, b]\n: c\n", /a key must be a plain name/],
  "an unclosed quote": [`server: { host: "${"x".repeat(32_000)}`, /not valid YAML/],
  "thousands of keys": [Array.from({ length: 2500 }, (_, index) => `k${index}: 1`).join("\n"), /no such section/],
  "thousands of anchors": [`${"&a ".repeat(10_000)}x`, /anchor/],
};

/** A valid file of almost the greatest length. */
const VALID = `providers:\n${Array.from({ length: 600 }, (_, n) => `  p-${n}: { upstream: "https://host-${n}.example/v1" }\n`).join("")}`;

for (const [what, [text, expected]] of Object.entries(HOSTILE)) {
  test(`R88: ${what} is rejected with no more than 16 times the work of a valid file of the greatest length`, async () => {
    assert.ok(text.length <= MAX_CONFIG_BYTES);
    assert.match(issuesOf(text).join("\n"), expected);
    assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
    // Thousands of anchors take five to six times the work, which grows linearly with their number.
    await assertWorkWithin(
      16,
      () => issuesOf(text),
      () => loaded(VALID),
    );
  });
}

test("R88: the valid file that hostile ones are compared with has the greatest length", () => {
  assert.ok(VALID.length > 0.9 * MAX_CONFIG_BYTES && VALID.length <= MAX_CONFIG_BYTES, `${VALID.length} bytes`);
});

test("R88: yes, no and numbers with a leading zero are text", () => {
  assert.match(issuesOf("auth: { allow_preflight: no }\n")[0] ?? "", /found "no"; allowed is true or false/);
  assert.match(issuesOf("server: { port: 012 }\n")[0] ?? "", /found "012"; allowed is a whole number/);
  assert.equal(loaded("stats: { file_mode: 0600 }\n").settings.stats.fileMode, 0o600);
});
