// Compares the user guide with the code: each setting, field, provider, metric, route and error is in both, or the test fails.
// Its examples are run.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Metrics } from "../src/admin/metrics/prometheus-metrics.ts";
import { RECORD_FIELDS } from "../src/core/request/record-fields.ts";
import { UPSTREAM_ERRORS } from "../src/core/request/upstream-error-code.ts";
import type { Rejection } from "../src/core/request/rejection.ts";
import { gatewayError } from "../src/proxy/admission/error-responses.ts";
import { loadSettings, readSettings } from "../src/config/config.ts";
import { formatIssues } from "../src/config/config-issue.ts";
import { parseAllowlist } from "../src/allowlist/allowlist.ts";
import { knownProviders } from "../src/providers/index.ts";
import { allRoutes } from "./admin/api-routes.ts";
import { codeBlocks, codeSpans, paragraphs, prose, readDocument, repository, rowsBelow } from "./harness/markdown.ts";
import { runLmgate } from "./harness/run-program.ts";

const guide = readDocument("docs/LMGate user guide.md");
const blocks = codeBlocks(guide);

const LINE_LENGTH = 120;
const MAX_PARAGRAPH_LINES = 6;

test("the tables of settings name every setting with its default, and no other", () => {
  const loaded = loadSettings({ file: undefined, env: {}, flags: [] });
  assert.ok("origins" in loaded);
  const actual = loaded.origins.flatMap(({ key, value }) =>
    key.startsWith("providers.") ? [] : [`${key} ${JSON.stringify(value)}`],
  );
  const documented = rowsBelow(guide, "Configuration")
    .map((cells) => cells.slice(0, 2).flatMap(codeSpans).join(" "))
    .filter((setting) => /^[a-z]+\.[a-z_]+ /.test(setting));
  assert.deepEqual(sorted(documented), sorted(actual));
});

test("the tables of settings name every option of the command line", async () => {
  const { stdout } = await runLmgate(["start", "--help"]);
  const options = [...stdout.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map(([, option = ""]) => option);
  const documented = rowsBelow(guide, "Configuration").flatMap((cells) => codeSpans(cells.at(-1) ?? ""));
  assert.deepEqual(
    sorted(options.filter((option) => option !== "--help" && option !== "--config")),
    sorted(documented.filter((span) => span.startsWith("--"))),
  );
});

test("the example of an invalid configuration shows the errors that LMGate reports", () => {
  const shown = blocks.find(({ text }) => text.startsWith("bad.yaml:"))?.text.trimEnd();
  const text = "server:\n  prot: 1\n  port: http\nfoo: 1\n";
  const read = readSettings(text, { file: "bad.yaml", env: {}, flags: [] });
  assert.ok("issues" in read);
  assert.equal(shown, formatIssues(read.issues).join("\n"));
});

test("the table of the log names every message that the code can write, and no other", () => {
  const documented = rowsBelow(guide, "Logs").flatMap(([message = ""]) => codeSpans(message));
  const written = sourcesBelow("src").flatMap((path) => {
    const source = readDocument(path);
    return [
      ...source.matchAll(/log\.(?:info|warn|error)\(\s*(?:\{[^;]*?\}|\w+),\s*["`]([^"`]+)["`]/g),
      ...source.matchAll(/kind: "log", level: "\w+", message: "([^"]+)"/g),
    ].map(([, message = ""]) => message.replaceAll(/\$\{path\}/g, "…"));
  });
  assert.deepEqual(sorted(documented.slice(1)), sorted([...new Set(written)]));
});

test("the table of providers is the one in the code", () => {
  const documented = rowsBelow(guide, "Known names")
    .slice(1)
    .map(([name = "", upstream = "", reasoning]) => [codeSpans(name)[0], codeSpans(upstream)[0], reasoning === "yes"]);
  const actual = knownProviders().map(({ name, upstream, exclusiveReasoning }) => [name, upstream, exclusiveReasoning]);
  assert.deepEqual(documented, actual);
});

test("the tables of the record name every field, the first ten in their order", () => {
  const declared = Object.keys(RECORD_FIELDS);
  const documented = rowsBelow(guide, "Fields").flatMap(([name = ""]) => codeSpans(name));
  assert.deepEqual(documented.slice(0, 10), declared.slice(0, 10));
  assert.deepEqual(sorted(documented), sorted(declared));
});

test("the tables of states, reasons and sources name all that the code can write", () => {
  const section = rowsBelow(guide, "usage_state, usage_reason, usage_source").flatMap(([name = ""]) => codeSpans(name));
  const usage = readDocument("src/core/usage/usage.ts");
  const states = /type UsageState =([^;]+);/.exec(usage)?.[1] ?? "";
  const readingState = readDocument("src/usage/observe/reading-state.ts");
  const reasons = [
    ...(/type UnreadReason =([^;]+);/.exec(readingState)?.[1] ?? "").matchAll(/"([a-z_]+)"/g),
    ...readingState.matchAll(/(?:reason: |missing\(|return (?=")|\? |: )"([a-z_]+)"/g),
  ].map(([, word]) => word);
  const notReasons = new Set(["stream", "body", "header", "none"]);
  for (const [, state = ""] of states.matchAll(/"([a-z_]+)"/g)) assert.ok(section.includes(state), state);
  for (const reason of reasons) {
    if (reason !== undefined && !notReasons.has(reason)) assert.ok(section.includes(reason), reason);
  }
});

test("the table of error codes is the one in the code", () => {
  const documented = rowsBelow(guide, "error_code").map(([name = "", meaning]) => [
    codeSpans(name)[0],
    meaning?.trim(),
  ]);
  assert.deepEqual(
    documented.filter(([name]) => name !== undefined),
    Object.entries(UPSTREAM_ERRORS).map(([name, { meaning }]) => [name, meaning]),
  );
});

test("what is counted, and what is not yet, names every dialect of the table", () => {
  const section = guide.slice(guide.indexOf("### What is counted"), guide.indexOf("### What cannot be seen"));
  const table = readDocument("src/usage/endpoints/endpoint-table.ts");
  for (const [, name = ""] of table.matchAll(/unsupported\("([\w.]+)"/g))
    assert.ok(section.includes(`\`${name}\``), name);
  for (const path of sourcesBelow("src/usage/dialects")) {
    for (const [, name = ""] of readDocument(path).matchAll(/\bname: "(\w+(?:\.\w+)*)"/g)) {
      if (name !== "none" && name !== "value") assert.ok(section.includes(`\`${name}\``), name);
    }
  }
});

test("the table of LMGate's error responses is the one in the code", () => {
  const rejections: readonly Rejection[] = [
    { kind: "malformed", detail: "" },
    { kind: "forbidden", reason: "no_key" },
    { kind: "unknown-route", prefixes: [], suggestion: undefined },
    { kind: "method", method: "TRACE" },
    { kind: "body-too-large", maxBytes: 1 },
    { kind: "expectation", value: "" },
    { kind: "head-too-large", detail: "" },
    { kind: "version", detail: "" },
    { kind: "upstream", fault: "upstream_unreachable" },
    { kind: "upstream", fault: "upstream_reset" },
    { kind: "upstream", fault: "upstream_invalid" },
    { kind: "upstream", fault: "upstream_timeout" },
    { kind: "draining" },
  ];
  const actual = rejections.map(gatewayError).map(({ status, code }) => `${status} ${code}`);
  const documented = rowsBelow(guide, "Error responses")
    .slice(1)
    .map(([status = "", code = ""]) => `${status} ${codeSpans(code)[0]}`);
  assert.deepEqual(sorted(documented), sorted(actual));
});

test("the table of metrics names every one of LMGate's own, and no other", async () => {
  const metrics = new Metrics({ version: "1", node: "v24", providers: ["openai"] });
  const actual = [...(await metrics.text()).matchAll(/^# TYPE (lmgate_\w+)/gm)].map(([, name = ""]) => name);
  const documented = rowsBelow(guide, "GET /metrics").flatMap(([name = ""]) => codeSpans(name));
  assert.deepEqual(sorted(documented), sorted(actual));
});

test("the table of the admin API names every route with its access, and no other", () => {
  const words = { "open open": "public", "open token": "loopback", "token token": "authenticated" } as const;
  const documented = rowsBelow(guide, "The API").flatMap(([routes = "", near = "", far = ""]) =>
    codeSpans(routes).map((route) => `${route} ${Reflect.get(words, `${near} ${far}`)}`),
  );
  const actual = allRoutes().map(({ method, path, access }) => `${method.toUpperCase()} ${path} ${access}`);
  assert.deepEqual(sorted(documented), sorted(actual));
});

test("the table of commands names every command", async () => {
  const { stdout } = await runLmgate(["--help"]);
  const list = stdout.slice(stdout.indexOf("Commands:"), stdout.indexOf("Examples:"));
  const commands = [...list.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = ""]) => name);
  const documented = rowsBelow(guide, "Command line").flatMap(([command = ""]) => codeSpans(command));
  assert.ok(commands.length > 15);
  for (const name of commands)
    assert.ok(
      documented.some((span) => span.split(" ")[1] === name),
      name,
    );
});

test(`no paragraph has more than ${MAX_PARAGRAPH_LINES} lines`, () => {
  const long = paragraphs(guide).filter(({ text }) => text.length > MAX_PARAGRAPH_LINES * LINE_LENGTH);
  assert.deepEqual(
    long.map(({ line, text }) => `line ${line}: ${text.slice(0, 60)} …`),
    [],
  );
});

test("the table of contents lists every section of the second and third level, in order", () => {
  const headings = [...prose(guide).matchAll(/^(##|###) (.+)$/gm)].map(([, level, title]) => `${level} ${title}`);
  const contents = guide.slice(0, guide.indexOf("\n## "));
  const listed = [...contents.matchAll(/^( *)- \[(.+)\]\(#.+\)$/gm)].map(
    ([, indent, title]) => `${indent === "" ? "##" : "###"} ${title}`,
  );
  assert.deepEqual(listed, headings);
});

describe("examples of files are valid", () => {
  for (const { language, text, line } of blocks) {
    if (language === "yaml") {
      test(`the configuration on line ${line}`, () => {
        const read = readSettings(text, { file: "lmgate.yaml", env: {}, flags: [] });
        assert.deepEqual("issues" in read ? formatIssues(read.issues) : [], []);
      });
    }
    if (language === "csv") {
      test(`the allow-list on line ${line}`, () => {
        const read = parseAllowlist(text, "allowlist.csv");
        assert.deepEqual("issues" in read ? formatIssues(read.issues) : [], []);
      });
    }
    if (language === "json") test(`the JSON on line ${line}`, () => void JSON.parse(text));
  }
});

const hasJq = spawnSync("jq", ["--version"]).status === 0;
const queries = blocks.filter(({ language, text }) => language === "bash" && text.startsWith("jq "));

describe("the jq examples print the expected rows", { skip: hasJq ? false : "jq is not installed" }, () => {
  const expected = [
    ["2\tclaude-sonnet-5\t2\t60\t20", "3\tgpt-5.5\t1\t0\t0"],
    ["1\topenai\tnot_requested"],
    ["1\tanthropic\toverloaded_error"],
    ["2026-11-23T10\t2\t20", "2026-11-23T11\t1\t0"],
    ["40\tanthropic\tclaude-sonnet-5"],
    ["search\t1\t40"],
  ];

  test("each example has expected rows", () => assert.equal(queries.length, expected.length));

  for (const [index, { text, line }] of queries.entries()) {
    test(`line ${line}`, (t) => {
      const directory = mkdtempSync(join(tmpdir(), "lmgate-guide-"));
      t.after(() => rmSync(directory, { recursive: true }));
      mkdirSync(join(directory, "data"));
      const lines = RECORDS.map((record) => `${JSON.stringify(record)}\n`);
      writeFileSync(join(directory, "data", "stats-20261123T110000.000Z.jsonl"), "");
      writeFileSync(join(directory, "data", "stats.jsonl"), lines.join(""));
      const ran = spawnSync("bash", ["-c", text], { cwd: directory, encoding: "utf8" });
      assert.equal(ran.status, 0, ran.stderr);
      assert.deepEqual(ran.stdout.trimEnd().split("\n"), expected[index]);
    });
  }
});

function sourcesBelow(directory: string): readonly string[] {
  return globSync(`${directory}/**/*.ts`, { cwd: repository }).filter((path) => !path.endsWith(".test.ts"));
}

function sorted(values: readonly string[]): readonly string[] {
  return values.toSorted((one, other) => (one < other ? -1 : 1));
}

/** Three requests, with the fields that the examples read. */
const RECORDS = [
  {
    timestamp: "2026-11-23T10:15:30.123Z",
    lmgate_id: "2",
    provider: "anthropic",
    model: "claude-sonnet-5",
    error_type: null,
    ttft_ms: 40,
    total_input_tokens: 20,
    total_output_tokens: 20,
    total_tokens: 40,
    usage_state: "final",
    tags: { team: "search" },
  },
  {
    timestamp: "2026-11-23T10:20:00.000Z",
    lmgate_id: "2",
    provider: "anthropic",
    model: "claude-sonnet-5",
    error_type: "overloaded_error",
    total_input_tokens: 40,
    usage_state: "partial",
  },
  {
    timestamp: "2026-11-23T11:00:00.000Z",
    lmgate_id: "3",
    provider: "openai",
    model: "gpt-5.5",
    error_type: null,
    usage_state: "missing",
    usage_reason: "not_requested",
  },
];
