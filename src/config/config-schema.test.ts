import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings, type LoadedSettings } from "./config.ts";
import { settingKeys } from "./config-schema.ts";
import { formatIssues } from "./config-issue.ts";

type Env = Readonly<Record<string, string>>;

function read(text: string, env: Env = {}): ReturnType<typeof readSettings> {
  return readSettings(text, { file: "lmgate.yaml", env, flags: [] });
}

function loaded(text: string): LoadedSettings {
  const result = read(text);
  assert.ok("settings" in result, "issues" in result ? formatIssues(result.issues).join("\n") : "");
  return result;
}

function issuesOf(text: string, env: Env = {}): readonly string[] {
  const result = read(text, env);
  assert.ok("issues" in result, `accepted: ${text}`);
  return formatIssues(result.issues);
}

/** For each setting: values that fit and values that do not, as the file writes them. */
const FIELDS: Readonly<Record<string, { readonly good: readonly string[]; readonly bad: readonly string[] }>> = {
  "server.host": {
    good: ["127.0.0.1", '"::"', "lmgate.internal", "localhost"],
    bad: ["5", '"a b"', '"[::1]"', '"127.0.0.1:80"', "true"],
  },
  "server.port": {
    good: ["0", "1", "65535"],
    bad: ["-1", "65536", "80.5", '"80"', "080", "0x50", "1e3", "true", ".inf", ".nan"],
  },
  "server.workers": { good: ["auto", "1", "256"], bad: ["0", "257", "1.5", "many", "AUTO", "true"] },
  "server.max_body_megabytes": { good: ["null", "~", "0.5", "100"], bad: ["0", "-1", '"10"', "unlimited"] },
  "server.max_head_kilobytes": { good: ["1", "1024"], bad: ["0", "1025", "1.5", "null"] },
  "server.max_headers": { good: ["1", "10000"], bad: ["0", "10001", "x"] },
  "server.max_connections": { good: ["1", "1000000", "null"], bad: ["0", "1000001", "1.5", "x"] },
  "server.max_connections_per_address": { good: ["1", "1000000", "null"], bad: ["0", "1000001", "1.5", "x"] },
  "admin.host": { good: ["127.0.0.1", '"::1"'], bad: ["1", '"/"'] },
  "admin.port": { good: ["0", "9000"], bad: ["-5", "70000", "http"] },
  "admin.token_path": { good: ["/run/secrets/token", '"with space"'], bad: ["5", '" "', '"a\\0b"', "[x]"] },
  "auth.allowlist_path": { good: ["keys.csv"], bad: ["7", "false"] },
  "auth.poll_interval_seconds": { good: ["0.1", "5", "3600"], bad: ["0", "-1", "604801", "30s", '"30"'] },
  "auth.allow_preflight": { good: ["true", "false"], bad: ["yes", "no", "1", "on", '"true"'] },
  "stats.output_path": { good: ["/var/log/stats.jsonl"], bad: ["1"] },
  "stats.flush_interval_seconds": { good: ["0.1", "60"], bad: ["0", "10s"] },
  "stats.rotate_megabytes": { good: ["0.001", "1000"], bad: ["0", "null", "1048577"] },
  "stats.file_mode": { good: ['"0640"', '"600"', "0640"], bad: ["640", '"0888"', '"0040"', '"rw"', "0o640"] },
  "pricing.overrides_path": { good: ["prices.yaml", "null"], bad: ["5", "true", "[x]"] },
  "store.enabled": { good: ["true", "false"], bad: ["yes", "1", "null"] },
  "store.path": { good: ["/var/lib/lmgate/store", "null"], bad: ["1", "true"] },
  "store.memory_megabytes": { good: ["128", "4096"], bad: ["127", "0.5", "null"] },
  "store.threads": { good: ["1", "8"], bad: ["0", "257", "auto"] },
  "store.retention_days": { good: ["null", "1", "365"], bad: ["0", "1.5", "30d"] },
  "store.retention_gigabytes": { good: ["null", "0.5", "100"], bad: ["0", "10G"] },
  "stats.durability": { good: ["relaxed", "written"], bad: ["synced", "true", "1", "null"] },
  "logging.level": { good: ["INFO", "debug", "Warn", "WARNING", "error"], bad: ["verbose", "1", "off"] },
  "timeouts.drain_delay_seconds": { good: ["0", "5"], bad: ["-1", "x"] },
  "timeouts.upstream_max_age_seconds": { good: ["0", "300"], bad: ["-1", "604801", "5m"] },
  "accounting.estimate": { good: ["off", "heuristic"], bad: ["on", "true", "exact", "null"] },
  "accounting.on_client_abort": { good: ["cancel", "drain"], bad: ["off", "true", "wait"] },
  "accounting.drain_max_megabytes": { good: ["0.001", "64"], bad: ["0", "null", "1048577"] },
  "accounting.drain_concurrent": { good: ["1", "100"], bad: ["0", "1.5", "100001", "null"] },
  "timeouts.drain_seconds": { good: ["0", "0.5"], bad: ["-1", "1m"] },
};
const SECONDS = { good: ["0.1", "10", "604800"], bad: ["0", "-1", "604801", "10s", "true", "null"] };

for (const key of settingKeys()) {
  const { good, bad } = FIELDS[key] ?? SECONDS;
  const [section = "", name = ""] = key.split(".");
  const variable = `LMGATE_${section}__${name}`.toUpperCase();

  test(`R87: ${key} accepts valid values, and says what is allowed for a wrong type, range, an empty value or a repeated key`, () => {
    for (const value of good) loaded(`${section}:\n  ${name}: ${value}\n`);
    for (const value of [...bad, '""', "[]"]) {
      const issues = issuesOf(`${section}:\n  ${name}: ${value}\n`);
      assert.equal(issues.length, 1, issues.join("\n"));
      const column = name.length + 5;
      assert.ok(issues[0]?.startsWith(`lmgate.yaml:2:${column} ${key}: found `), issues[0]);
      assert.match(issues[0] ?? "", /; allowed is ./);
    }
    const first = good[0] ?? "";
    assert.deepEqual(issuesOf(`${section}:\n  ${name}: ${first}\n  ${name}: ${first}\n`), [
      `lmgate.yaml:3:3 ${key}: this key appears twice`,
    ]);
    assert.deepEqual(
      issuesOf(`${section}:\n  ${name}: ${first}\n  ${name}x: ${first}\n`).map((issue) => issue.split(": ")[0]),
      [`lmgate.yaml:3:3 ${key}x`],
    );
  });

  test(`R87: ${variable} is checked like ${key}`, () => {
    assert.deepEqual(issuesOf("", { [variable]: "" }), [
      `environment variable ${variable} ${key}: empty; set a value or unset it`,
    ]);
    if (typeof FIELDS[key]?.good[0] === "string" && key.endsWith("path")) return;
    const issues = issuesOf("", { [variable]: "\u0001 malformed" });
    assert.equal(issues.length, 1);
    assert.ok(issues[0]?.startsWith(`environment variable ${variable} ${key}: found `), issues[0]);
  });
}
