// Commands beside a running gateway: the same figures as from the files, and changes that are in force when they say so.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { withoutGatewaySettings } from "../../src/demo/child-gateway.ts";
import { startApiGateway, type ApiGateway } from "../admin/api-gateway.ts";
import { startGateway, testKey } from "../harness/gateway.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const TOKEN = "Zq8-environment-token-of-the-test";

let api: ApiGateway;
before(async () => {
  api = await startApiGateway({ records: 500, firstStart: true });
});
after(() => api.stop());

test("stats, export and keys list --usage give the same from the gateway as from the files", async () => {
  assert.equal(await api.call(testKey.key), 200);
  await api.gateway.records(1);
  const range = ["--since", "40d", "--tz", "Europe/Berlin"];
  for (const command of [
    ["stats", "--by", "owner,model", "--plain", ...range],
    ["export", "--format", "jsonl", ...range],
    ["keys", "list", "--usage", "--json"],
  ]) {
    const isKeys = command[0] === "keys";
    const [online, offline] = await Promise.all([
      lmgate(command, { LMGATE_URL: api.gateway.adminUrl }),
      lmgate(isKeys ? command : [...command, "--offline"]),
    ]);
    assert.deepEqual([online.code, offline.code], [0, 0], online.stderr + offline.stderr);
    assert.ok(online.stdout.length > 20);
    assert.deepEqual(online.stdout.split("\n").toSorted(), offline.stdout.split("\n").toSorted(), command.join(" "));
  }
});

test("a wrong token is exit code 5, and one's own goes to this machine alone", async () => {
  const wrong = await lmgate(["stats"], { LMGATE_URL: api.gateway.adminUrl, LMGATE_TOKEN: "wrong-token-wrong-token" });
  assert.deepEqual([wrong.code, wrong.stdout], [5, ""]);
  const reload = await lmgate(["reload", "--server", api.gateway.adminUrl, "--json"]);
  assert.partialDeepStrictEqual(JSON.parse(reload.stdout), { acknowledgedBy: 2 });
});

test("tail shows what was and what comes, each call once", async () => {
  const child = spawn(process.execPath, [MAIN, "tail", "-n", "3", "--json"], {
    cwd: api.gateway.directory,
    env: { ...withoutGatewaySettings(process.env), LMGATE_CONFIG: "lmgate.yaml", LMGATE_URL: api.gateway.adminUrl },
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  const lines = async (count: number): Promise<void> => {
    while (stdout.split("\n").length <= count) await once(child.stdout, "data");
  };
  try {
    await lines(3);
    await api.call(testKey.key, "after");
    await lines(4);
    const rows = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { id: string; model: string }); // as: our own
    assert.equal(rows.at(-1)?.model, "after");
    assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length);
  } finally {
    child.kill("SIGKILL");
  }
});

test("a price is set and taken back through the gateway, and in the file where none runs", async () => {
  const url = { LMGATE_URL: api.gateway.adminUrl };
  const set = await lmgate(["prices", "override", "openai", "a/b", "--input", "0.5", "--output", "2"], url);
  assert.equal(set.code, 0, set.stderr);
  assert.match(set.stdout, /^openai\/a\/b costs \$0\.5 for a million input tokens, \$2 /);
  assert.match(set.stderr, /in force for calls from now on/);
  const prices = (): string => readFileSync(join(api.gateway.directory, "prices.yaml"), "utf8");
  assert.match(prices(), /a\/b:\n\s+input: 0\.5\n\s+output: 2\n/);
  assert.match(
    readFileSync(join(api.gateway.dataDir, "audit.jsonl"), "utf8"),
    /"price\.overridden","target":"openai\/a\/b"/,
  );
  const removed = await lmgate(["prices", "override", "openai", "a/b", "--remove"]);
  assert.equal(removed.code, 0, removed.stderr);
  assert.match(removed.stderr, /no gateway is running; the next one goes by it/);
  assert.doesNotMatch(prices(), /a\/b/);
  assert.equal((await lmgate(["prices", "override", "openai", "a/b", "--remove"])).code, 6);
  assert.equal((await lmgate(["prices", "override", "nowhere", "x", "--input", "1", "--output", "1"], url)).code, 6);
});

test("a key that is made on the command line is shown once, with its label, and stands in the file as its digest", async () => {
  const made = await lmgate(["keys", "add", "--owner", "ann", "--label", "laptop", "--mint"]);
  assert.equal(made.code, 0, made.stderr);
  const [, secret = ""] = /^ {2}(lmg_\S{43})$/m.exec(made.stdout) ?? [];
  assert.ok(secret.length > 0 && !readFileSync(api.gateway.allowlistPath, "utf8").includes(secret));
  assert.equal((await lmgate(["reload"], { LMGATE_URL: api.gateway.adminUrl })).code, 0);
  assert.equal(await api.call(secret), 200);
  const list = await lmgate(["keys", "list"]);
  assert.match(list.stdout, /^ID\tOWNER\tLABEL\tKEY\t/);
  assert.match(list.stdout, /\tann\tlaptop\tsha256:/);
  assert.equal((await lmgate(["keys", "add", "--owner", "x", "--mint", "--hash"])).code, 2);
});

test("a token that is made is printed once, with the dashboard's address, and never logged", () => {
  const { stdout, stderr } = api.gateway.output();
  const wanted = `lmgate: dashboard: ${api.gateway.adminUrl}/ui/#token=${api.token} (a new admin token, shown this once and kept in data/admin-token)\n`;
  assert.ok(stderr.startsWith(wanted), stderr);
  assert.ok(!stdout.includes(api.token));
});

test("a token from the environment is what counts; it makes no file, is shown nowhere, and is inherited by nothing", async (t) => {
  const gateway = await startGateway({ env: { LMGATE_ADMIN__TOKEN: TOKEN }, config: { admin: { host: "0.0.0.0" } } });
  t.after(() => gateway.stop());
  const ask = async (token: string): Promise<number> =>
    (await fetch(`${gateway.adminUrl}/metrics`, { headers: { authorization: `Bearer ${token}` } })).status;
  assert.deepEqual([await ask(TOKEN), await ask(`${TOKEN}x`)], [200, 401]);
  assert.ok(!existsSync(join(gateway.dataDir, "admin-token")));
  const { stdout, stderr } = gateway.output();
  assert.ok(!`${stdout}${stderr}`.includes(TOKEN));
  const system = await fetch(`${gateway.adminUrl}/api/v1/system`, { headers: { authorization: `Bearer ${TOKEN}` } });
  assert.ok(!(await system.text()).includes(TOKEN));
  const shown = await lmgate(["config", "show"], { LMGATE_ADMIN__TOKEN: TOKEN });
  assert.deepEqual([shown.code, shown.stdout.includes(TOKEN)], [0, false]);
});

test("a weak token in the environment keeps a gateway from starting, and lmgate check says so", async () => {
  const tokens = ["", "short", "change-me-change-me", "aaaaaaaaaaaaaaaaaaaaaaaa", testKey.key];
  await Promise.all(
    tokens.map(async (token) => {
      const ran = await lmgate(["start", "--admin-host", "0.0.0.0"], { LMGATE_ADMIN__TOKEN: token });
      assert.equal(ran.code, 3, ran.stderr);
      assert.match(ran.stderr, /^lmgate: environment variable LMGATE_ADMIN__TOKEN: /m);
      assert.ok(token.length < 6 || !ran.stderr.includes(token));
    }),
  );
  assert.equal((await lmgate(["check"], { LMGATE_ADMIN__TOKEN: "short" })).code, 3);
});

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** In the gateway's directory, with its configuration. */
async function lmgate(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: api.gateway.directory,
    env: { ...withoutGatewaySettings(process.env), LMGATE_CONFIG: "lmgate.yaml", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => void child.on("close", resolve));
  return { code, stdout, stderr };
}
