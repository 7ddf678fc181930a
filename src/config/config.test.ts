import assert from "node:assert/strict";
import { test } from "node:test";
import { findConfigFile, readSettings, type Flag, type LoadedSettings } from "./config.ts";
import { formatIssues } from "./config-issue.ts";

type Env = Readonly<Record<string, string>>;

function read(text: string, env: Env = {}, flags: readonly Flag[] = []): ReturnType<typeof readSettings> {
  return readSettings(text, { file: "lmgate.yaml", env, flags });
}

function loaded(text: string, env: Env = {}, flags: readonly Flag[] = []): LoadedSettings {
  const result = read(text, env, flags);
  assert.ok("settings" in result, "issues" in result ? formatIssues(result.issues).join("\n") : "");
  return result;
}

function issuesOf(text: string, env: Env = {}, flags: readonly Flag[] = []): readonly string[] {
  const result = read(text, env, flags);
  assert.ok("issues" in result, `accepted: ${text}`);
  return formatIssues(result.issues);
}

function providerNames(text: string, env: Env = {}): readonly string[] {
  return loaded(text, env).settings.providers.map((provider) => provider.name);
}

test("an empty file gives every default, in bytes and milliseconds, deeply frozen", () => {
  const { settings } = loaded("");
  assert.deepEqual(settings.server, {
    host: "0.0.0.0",
    port: 8080,
    workers: "auto",
    maxBodyBytes: undefined,
    maxHeadBytes: 65_536,
    maxHeaders: 1000,
    maxConnections: 20_000,
    maxConnectionsPerAddress: undefined,
  });
  assert.deepEqual(settings.admin, { host: "127.0.0.1", port: 8081, tokenPath: "data/admin-token" });
  assert.deepEqual(settings.auth, {
    allowlistPath: "data/allowlist.csv",
    pollIntervalMs: 30_000,
    allowPreflight: false,
  });
  assert.deepEqual(settings.stats, {
    outputPath: "data/stats.jsonl",
    flushIntervalMs: 10_000,
    rotateBytes: 104_857_600,
    fileMode: 0o640,
    durability: "relaxed",
  });
  assert.equal(settings.logging.level, "info");
  assert.deepEqual(settings.timeouts, {
    clientHeadMs: 30_000,
    clientIdleMs: 75_000,
    clientBodyIdleMs: 60_000,
    clientWriteStallMs: 300_000,
    connectMs: 10_000,
    responseHeadMs: 900_000,
    streamIdleMs: 900_000,
    upstreamIdleMs: 50_000,
    upstreamMaxAgeMs: 300_000,
    drainDelayMs: 0,
    drainMs: 300_000,
  });
  assert.deepEqual(settings.accounting, {
    estimate: "heuristic",
    onClientAbort: "cancel",
    drainBytes: 67_108_864,
    drainMs: 300_000,
    drainConcurrent: 100,
  });
  assert.deepEqual(
    settings.providers.map(({ name, upstream }) => [name, upstream.authority]),
    [
      ["openai", "api.openai.com"],
      ["anthropic", "api.anthropic.com"],
      ["google", "aiplatform.googleapis.com"],
    ],
  );
  assert.ok(Object.isFrozen(settings.providers[0]?.upstream) && Object.isFrozen(settings.timeouts));
});

test("the environment overrides the file, and options override both; each value has its source", () => {
  const file = "server:\n  port: 1000\n  max_headers: 50\nlogging: { level: warn }\n";
  const { settings, origins } = loaded(file, { LMGATE_SERVER__PORT: "2000", LMGATE_LOGGING__LEVEL: "Debug" }, [
    { name: "--port", key: "server.port", text: "3000" },
  ]);
  assert.deepEqual([settings.server.port, settings.server.maxHeaders, settings.logging.level], [3000, 50, "debug"]);
  const sources = Object.fromEntries(origins.map(({ key, origin }) => [key, origin]));
  assert.deepEqual(sources["server.port"], { kind: "flag", name: "--port" });
  assert.deepEqual(sources["logging.level"], { kind: "env", name: "LMGATE_LOGGING__LEVEL" });
  assert.deepEqual(sources["server.max_headers"], { kind: "file", file: "lmgate.yaml", line: 3, column: 16 });
  assert.deepEqual(sources["admin.port"], { kind: "default" });
});

test("environment variables without a double underscore are ignored", () => {
  loaded("", {
    LMGATE_PORT: "tcp://10.0.0.1:8080",
    LMGATE_CONFIG: "x",
    LMGATE_SERVICE_HOST: "10.0.0.1",
    OTHER__X: "1",
  });
});

test("an environment variable that matches no setting is an error that suggests one", () => {
  assert.deepEqual(issuesOf("", { LMGATE_SERVER__PROT: "1" }), [
    "environment variable LMGATE_SERVER__PROT: no such setting (did you mean LMGATE_SERVER__PORT?)",
  ]);
  for (const name of [
    "LMGATE_SERVER__",
    "LMGATE___",
    "LMGATE_A__B",
    "LMGATE_SERVER__PORT__X",
    "LMGATE_PROVIDERS__OPENAI__KEY",
  ]) {
    assert.equal(issuesOf("", { [name]: "sk-secret" }).length, 1, name);
    assert.ok(!issuesOf("", { [name]: "sk-secret" })[0]?.includes("sk-secret"));
  }
});

test("R87: a setting without a value is an error, a section without settings is not", () => {
  assert.match(issuesOf("server:\n  port:\n")[0] ?? "", /^lmgate\.yaml:2:\d+ server\.port: found nothing; allowed is/);
  loaded("server:\nadmin: {}\nproviders:\n");
});

test("R87: all issues of file, environment and options are reported at once", () => {
  const issues = issuesOf(
    "server:\n  port: x\n  hots: y\nadmn: {}\nproviders:\n  azure:\n",
    { LMGATE_ADMIN__PORT: "x" },
    [{ name: "--workers", key: "server.workers", text: "0" }],
  );
  assert.deepEqual(
    issues.map((issue) => issue.split(": ")[0]),
    [
      "lmgate.yaml:2:9 server.port",
      "lmgate.yaml:3:3 server.hots",
      "lmgate.yaml:4:1 admn",
      "lmgate.yaml:6:3 providers.azure.upstream",
      "environment variable LMGATE_ADMIN__PORT admin.port",
      "option --workers server.workers",
    ],
  );
});

test("R87: a list or a text in the place of a section is an error", () => {
  assert.deepEqual(issuesOf("server: [1]\n"), ["lmgate.yaml:1:9 server: found a list; allowed is a section"]);
  assert.deepEqual(issuesOf("admin: on\n"), ['lmgate.yaml:1:8 admin: found "on"; allowed is a section']);
  assert.match(
    issuesOf("providers: [openai]\n")[0] ?? "",
    /^lmgate\.yaml:1:1 providers: found a list; allowed is a section/,
  );
  assert.match(
    issuesOf("server: { port: { a: 1 } }\n")[0] ?? "",
    /server\.port: found a section; allowed is a whole number/,
  );
  for (const text of ["- server\n", "server\n", "42\n"])
    assert.match(issuesOf(text)[0] ?? "", /^lmgate\.yaml:1:1: the file must contain sections/);
});

test("R87: a value that looks like a key is not repeated in an error", () => {
  for (const text of [
    "providers:\n  openai: sk-proj-1234567890\n",
    "logging: { level: sk-ant-1234567890 }\n",
    "server: { api_key: sk-proj-1234567890 }\n",
  ]) {
    assert.ok(!issuesOf(text).join().includes("1234567890"), text);
  }
});

test("settings that exclude each other are an error", () => {
  assert.match(
    issuesOf("server: { port: 9000 }\nadmin: { port: 9000 }\n")[0] ?? "",
    /^lmgate\.yaml:2:16 admin\.port: found 9000 for both/,
  );
  loaded("server: { port: 9000, host: 10.0.0.1 }\nadmin: { port: 9000 }\n");
  loaded("server: { port: 0 }\nadmin: { port: 0 }\n");
  assert.match(
    issuesOf("stats: { output_path: ./data/../data/allowlist.csv }\n")[0] ?? "",
    /found the same file for auth\.allowlist_path and stats\.output_path/,
  );
});

test("a known provider is enabled by its name, and a default one is disabled with false", () => {
  assert.deepEqual(providerNames("providers:\n  gemini:\n  xai: {}\n  groq: true\n"), [
    "openai",
    "anthropic",
    "google",
    "gemini",
    "xai",
    "groq",
  ]);
  assert.deepEqual(providerNames("providers: { openai: false, google: false }\n"), ["anthropic"]);
  assert.deepEqual(providerNames("", { LMGATE_PROVIDERS__GOOGLE: "false", LMGATE_PROVIDERS__MISTRAL: "true" }), [
    "openai",
    "anthropic",
    "mistral",
  ]);
  assert.match(
    issuesOf("providers:\n  openai: false\n  google: false\n  anthropic: false\n")[0] ?? "",
    /^\S+:4:14 providers: all providers are disabled; enable at least one/,
  );
});

test("an upstream overrides the known one; an unknown name needs one and is a provider like any other", () => {
  const { settings } = loaded(
    "providers:\n  openai: { upstream: http://127.0.0.1:9/x/ }\n  my.models: { upstream: https://llm.example.com }\n",
  );
  assert.deepEqual(
    settings.providers.map(({ name, upstream }) => [name, upstream.authority + upstream.pathPrefix]),
    [
      ["openai", "127.0.0.1:9/x"],
      ["anthropic", "api.anthropic.com"],
      ["google", "aiplatform.googleapis.com"],
      ["my.models", "llm.example.com"],
    ],
  );
  assert.match(
    issuesOf("providers: { opanai: }\n")[0] ?? "",
    /providers\.opanai\.upstream: an upstream is required \(did you mean "openai"\?\)/,
  );
  assert.match(issuesOf("providers: { azure: }\n")[0] ?? "", /providers\.azure\.upstream: an upstream is required/);
});

test("a variable matches a provider of the file with - or . in its name", () => {
  const { settings } = loaded("providers:\n  my-azure.eu:\n", {
    LMGATE_PROVIDERS__MY_AZURE_EU__UPSTREAM: "https://eu.example.com",
  });
  assert.equal(settings.providers.at(-1)?.name, "my-azure.eu");
});

test("a provider with the name of one of LMGate's own paths is rejected", () => {
  assert.match(
    issuesOf("providers: { healthz: { upstream: https://x.example } }\n")[0] ?? "",
    /invalid provider name: LMGate serves \/healthz itself/,
  );
});

test("R90: an upstream with a password is rejected and logged without it", () => {
  assert.deepEqual(issuesOf("providers:\n  openai:\n    upstream: https://user:pass@host/\n"), [
    'lmgate.yaml:3:15 providers.openai.upstream: found "https://…@host/"; a user name or password in the URL is not allowed',
  ]);
});

test("R90: plain http to a public host is a warning", () => {
  const { warnings } = loaded("providers: { openai: { upstream: http://llm.example.com } }\n");
  assert.deepEqual(
    warnings.map((warning) => warning.key),
    ["providers.openai.upstream"],
  );
});

test("the configuration file is the given one, then LMGATE_CONFIG, then config/lmgate.yaml", () => {
  assert.equal(findConfigFile("a.yaml", { LMGATE_CONFIG: "b.yaml" }), "a.yaml");
  assert.equal(findConfigFile(undefined, { LMGATE_CONFIG: "b.yaml" }), "b.yaml");
  assert.equal(findConfigFile(undefined, { LMGATE_CONFIG: "" }), "config/lmgate.yaml");
  assert.equal(findConfigFile(undefined, {}), "config/lmgate.yaml");
});

test("on_client_abort is set for all providers, or for one", () => {
  const file = "accounting: { on_client_abort: drain }\nproviders:\n  openai: { on_client_abort: cancel }\n  gemini:\n";
  const kinds = (settings: LoadedSettings): object =>
    Object.fromEntries(settings.settings.providers.map(({ name, onClientAbort }) => [name, onClientAbort]));
  assert.deepEqual(kinds(loaded(file)), { openai: "cancel", anthropic: "drain", google: "drain", gemini: "drain" });
  assert.equal(loaded("").settings.providers[0]?.onClientAbort, "cancel");

  const { settings, origins } = loaded(
    "providers: { mine: { upstream: http://m.example, on_client_abort: cancel } }\n",
    {
      LMGATE_PROVIDERS__MINE__ON_CLIENT_ABORT: "drain",
    },
  );
  const mine = settings.providers.find(({ name }) => name === "mine");
  assert.deepEqual([mine?.upstream.authority, mine?.onClientAbort], ["m.example", "drain"]);
  assert.equal(origins.find(({ key }) => key === "providers.mine.on_client_abort")?.value, "drain");
});

test("R87: an invalid setting of a provider is an error that says what is allowed", () => {
  assert.deepEqual(issuesOf("providers: { openai: { on_client_abort: wait } }\n"), [
    'lmgate.yaml:1:41 providers.openai.on_client_abort: found "wait"; allowed is cancel or drain',
  ]);
  assert.match(
    issuesOf("providers: { openai: { on_abort: drain } }\n")[0] ?? "",
    /allowed are upstream and on_client_abort/,
  );
});
