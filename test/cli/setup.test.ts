import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { cliFixture } from "./run-lmgate.ts";

const KEY = "sk-proj-SECRET-0123456789";

test("init creates a configuration and an allow-list, and keeps existing files", async (t) => {
  const cli = cliFixture(t);
  const first = await cli.run(["init"]);
  assert.deepEqual([first.code, first.stdout], [0, "wrote config/lmgate.yaml\nwrote data/allowlist.csv\n"]);
  assert.equal(statSync(cli.path("data/allowlist.csv")).mode & 0o777, 0o600);

  writeFileSync(cli.path("config/lmgate.yaml"), "server: { port: 1 }\n");
  const second = await cli.run(["init"]);
  assert.deepEqual([second.code, second.stdout], [0, "kept config/lmgate.yaml\nkept data/allowlist.csv\n"]);
  assert.equal(readFileSync(cli.path("config/lmgate.yaml"), "utf8"), "server: { port: 1 }\n");

  assert.equal((await cli.run(["init", "--force"])).code, 0);
  const printed = await cli.run(["init", "--print"]);
  assert.equal(readFileSync(cli.path("config/lmgate.yaml"), "utf8"), printed.stdout);
});

test("init prepares another directory", async (t) => {
  const cli = cliFixture(t);
  assert.equal((await cli.run(["init", "there"])).code, 0);
  assert.ok(statSync(cli.path("there/config/lmgate.yaml")).isFile());
  assert.ok(statSync(cli.path("there/data/allowlist.csv")).isFile());
});

test("after init, check and start ask for a key, and accept the files once there is one", async (t) => {
  const cli = cliFixture(t);
  await cli.run(["init"]);
  const check = await cli.run(["check"]);
  assert.equal(check.code, 3);
  assert.match(check.stdout, /^data\/allowlist\.csv:5: the list contains no keys.*\(add one with: lmgate keys add/);
  const start = await cli.run(["start", "--port", "0", "--admin-port", "0"]);
  assert.equal(start.code, 3);
  assert.match(start.stderr, /the list contains no keys.*lmgate keys add/);

  await cli.run(["keys", "add", "--owner", "ann"], { input: KEY });
  const good = await cli.run(["check"]);
  assert.deepEqual([good.code, good.stderr], [0, ""]);
  assert.match(
    good.stdout,
    /config\/lmgate\.yaml: ok \(providers: openai, anthropic, google\)\n.*allowlist\.csv: ok \(keys: 1,/,
  );
});

test("R87: check prints the same configuration issues as start, and ends with 3", async (t) => {
  const cli = cliFixture(t);
  const missing = await cli.run(["check"]);
  assert.deepEqual(
    [missing.code, missing.stdout],
    [3, "config/lmgate.yaml: there is no such file (create one with: lmgate init)\n"],
  );

  writeFileSync(cli.path("bad.yaml"), "server:\n  port: http\n  hots: x\n");
  const expected = [
    'bad.yaml:2:9 server.port: found "http"; allowed is a whole number from 0 to 65535',
    'bad.yaml:3:3 server.hots: no such setting (did you mean "host"?)',
  ];
  const check = await cli.run(["check", "bad.yaml"]);
  assert.deepEqual([check.code, check.stdout.trimEnd().split("\n")], [3, expected]);
  const start = await cli.run(["start", "--config", "bad.yaml"]);
  assert.equal(start.code, 3);
  for (const line of expected) assert.ok(start.stderr.includes(line), start.stderr);
  assert.equal((await cli.run(["check"], { env: { LMGATE_CONFIG: "bad.yaml" } })).stdout, check.stdout);
});

test("check --json prints one document with every issue and no key", async (t) => {
  const cli = cliFixture(t);
  await cli.run(["init"]);
  writeFileSync(cli.path("data/allowlist.csv"), `id,api_key,owner,added\n1,${KEY},ann,x\n2,${KEY},bob,x\n`);
  const { code, stdout } = await cli.run(["check", "--json"]);
  assert.equal(code, 3);
  const report: unknown = JSON.parse(stdout);
  assert.ok(typeof report === "object" && report !== null && "ok" in report && "faults" in report);
  assert.equal(report.ok, false);
  assert.deepEqual(report.faults, [
    { source: "data/allowlist.csv", line: 3, key: "api_key", message: "the same key as on line 2" },
  ]);
  assert.ok(!stdout.includes("SECRET"));
});

test("check --json counts keys as the text output does", async (t) => {
  const cli = cliFixture(t);
  await cli.run(["init"]);
  const rows = "1,sk-first-key-0000,ann,x,,\n2,sk-second-key-0000,bob,x,2020-01-01,\n3,sk-third-key-0000,eve,x,,true\n";
  writeFileSync(cli.path("data/allowlist.csv"), `id,api_key,owner,added,expires_at,disabled\n${rows}`);
  const report: unknown = JSON.parse((await cli.run(["check", "--json"])).stdout);
  assert.ok(typeof report === "object" && report !== null && "allowlist" in report);
  assert.deepEqual(report.allowlist, { path: "data/allowlist.csv", keys: 3, disabled: 1, expired: 1 });
  const { stdout } = await cli.run(["check"]);
  assert.ok(stdout.includes("data/allowlist.csv: ok (keys: 3, disabled: 1, expired: 1)"), stdout);
});

test("R89: check rejects an admin token that is short, or is a key of the allow-list", async (t) => {
  const cli = cliFixture(t);
  await cli.run(["init"]);
  await cli.run(["keys", "add", "--owner", "ann"], { input: KEY });
  writeFileSync(cli.path("data/admin-token"), "short\n");
  const short = await cli.run(["check"]);
  assert.deepEqual(
    [short.code, short.stdout],
    [3, "data/admin-token: the token has 5 characters; at least 16 are needed\n"],
  );
  writeFileSync(cli.path("data/admin-token"), `${KEY}\n`);
  const same = await cli.run(["check"]);
  assert.equal(same.code, 3);
  assert.match(same.stdout, /^data\/admin-token: the admin token is also a key of the allow-list/);
});

test("config show prints every setting with its source", async (t) => {
  const cli = cliFixture(t);
  await cli.run(["init"]);
  const env = { LMGATE_SERVER__WORKERS: "3" };
  const { code, stdout, stderr } = await cli.run(["config", "show", "--port", "9999"], { env });
  assert.deepEqual([code, stderr], [0, ""]);
  const rows = stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
  assert.deepEqual(rows[0], ["SETTING", "VALUE", "SOURCE"]);
  assert.deepEqual(
    rows.find(([key]) => key === "server.port"),
    ["server.port", "9999", "--port"],
  );
  assert.deepEqual(
    rows.find(([key]) => key === "server.workers"),
    ["server.workers", "3", "LMGATE_SERVER__WORKERS"],
  );
  assert.deepEqual(
    rows.find(([key]) => key === "stats.rotate_megabytes"),
    ["stats.rotate_megabytes", "100", "default"],
  );
  assert.match(
    rows.find(([key]) => key === "providers.openai.upstream")?.join(" ") ?? "",
    /https:\/\/api\.openai\.com\/ config\/lmgate\.yaml:\d+$/,
  );

  const json = await cli.run(["config", "show", "--json"], { env });
  const shown: unknown = JSON.parse(json.stdout);
  assert.ok(typeof shown === "object" && shown !== null && "settings" in shown && Array.isArray(shown.settings));
  assert.equal(shown.settings.length, rows.length - 1);
});

test("healthcheck ends with 0 if the gateway responds with ok, and with 1 otherwise", async (t) => {
  const cli = cliFixture(t);
  let health = { status: 200, body: "ok\n" };
  const server = createServer((_request, response) => response.writeHead(health.status).end(health.body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo; // as: it listens on a port, not on a pipe
  await cli.run(["init"]);
  const env = { LMGATE_SERVER__PORT: String(port) };
  assert.deepEqual(await cli.run(["healthcheck"], { env }), { code: 0, stdout: "ok\n", stderr: "" });
  health = { status: 503, body: "no" };
  const unhealthy = await cli.run(["healthcheck"], { env });
  assert.deepEqual([unhealthy.code, unhealthy.stdout], [1, ""]);
  assert.match(unhealthy.stderr, /responded with 503, not "ok"/);
  const unreachable = await cli.run(["healthcheck", "--url", "http://127.0.0.1:1/healthz"]);
  assert.equal(unreachable.code, 1);
  assert.match(unreachable.stderr, /cannot be reached \(ECONNREFUSED\)/);
});
