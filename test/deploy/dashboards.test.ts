// The shipped dashboards and alert rules use only metrics of a running gateway, in queries that Prometheus accepts.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import * as z from "zod";
import { HANG_MS } from "../harness/until.ts";
import { startScriptedProvider, type ScriptedProvider } from "../prices/scripted-provider.ts";
import { startGateway, testKey, type Gateway } from "../harness/gateway.ts";

const deploy = join(import.meta.dirname, "..", "..", "deploy");
const boardsFolder = join(deploy, "grafana", "dashboards");

const boardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.number(),
  templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.unknown() })) }),
  panels: z.array(
    z.object({ id: z.number(), title: z.string(), targets: z.array(z.object({ expr: z.string() })).min(1) }),
  ),
});
const rulesSchema = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
});

const boards = readdirSync(boardsFolder).map((file) => ({
  file,
  board: boardSchema.parse(JSON.parse(readFileSync(join(boardsFolder, file), "utf8"))),
}));
const alerts = rulesSchema
  .parse(parse(readFileSync(join(deploy, "prometheus", "alerts.yml"), "utf8")))
  .groups.flatMap((group) => group.rules);
const expressions = [
  ...boards.flatMap(({ board }) => board.panels.flatMap((panel) => panel.targets.map((target) => target.expr))),
  ...alerts.map((rule) => rule.expr),
];

let provider: ScriptedProvider;
let gateway: Gateway;
let metrics = "";

before(async () => {
  provider = await startScriptedProvider();
  const usage = { prompt_tokens: 10, completion_tokens: 5 };
  provider.respondWith("POST /v1/chat/completions", { model: "gpt-4o-mini", usage });
  gateway = await startGateway({ config: { providers: { openai: { upstream: provider.url } } } });
  const response = await fetch(`${gateway.url}/openai/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${testKey.key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o-mini", messages: [] }),
  });
  assert.equal(response.status, 200);
  await gateway.records(1);
  metrics = await metricsWith([
    /^lmgate_cost_usd_total\{[^}]*model="gpt-4o-mini"/m,
    /^lmgate_request_duration_seconds_bucket/m,
  ]);
});

after(async () => {
  await gateway.stop();
  await provider.stop();
});

/** The workers report once a second. */
async function metricsWith(patterns: readonly RegExp[]): Promise<string> {
  const authorization = `Bearer ${readFileSync(join(gateway.dataDir, "admin-token"), "utf8").trim()}`;
  for (const deadline = performance.now() + HANG_MS; performance.now() < deadline; await delay(50)) {
    const text = await (await fetch(`${gateway.adminUrl}/metrics`, { headers: { authorization } })).text();
    if (patterns.every((pattern) => pattern.test(text))) return text;
  }
  throw new Error("the threads' counts did not reach the metrics");
}

test("each dashboard has a unique name, at most twelve panels and a choice of the data source", () => {
  const uids = boards.map(({ board }) => board.uid);
  assert.deepEqual(uids.toSorted(), ["lmgate-cost", "lmgate-latency", "lmgate-reliability"]);
  for (const { file, board } of boards) {
    assert.equal(file, `${board.uid}.json`);
    assert.ok(board.panels.length <= 12, `${file} has ${board.panels.length} panels`);
    assert.equal(new Set(board.panels.map(({ id }) => id)).size, board.panels.length);
    assert.ok(board.templating.list.some(({ name }) => name === "datasource"));
  }
});

test("a running gateway exposes every metric and label that a dashboard or an alert uses", () => {
  const labels = new Map<string, Set<string>>();
  for (const line of metrics.split("\n").filter((text) => text !== "" && !text.startsWith("#"))) {
    const name = /^[a-z_0-9]+/.exec(line)?.[0] ?? "";
    const seen = labels.get(name) ?? new Set();
    labels.set(name, seen);
    for (const [, label] of line.matchAll(/([a-z_]+)="/g)) if (label !== undefined) seen.add(label);
  }
  // A series that begins with its first event is found by its comment in the metrics text.
  const declared = new Set([...metrics.matchAll(/^# TYPE ([a-z_0-9]+) /gm)].map(([, name]) => name ?? ""));
  for (const expression of expressions) {
    for (const [, name = "", selector = ""] of expression.matchAll(
      /\b((?:lmgate|process)_[a-z_0-9]+)(?:\{([^}]*)\})?/g,
    )) {
      const known = labels.get(name);
      assert.ok(known !== undefined || declared.has(name), `${name} in ${expression}`);
      if (known === undefined) continue;
      for (const [, label = ""] of selector.matchAll(/([a-z_]+)\s*(?:=|!=|=~|!~)"/g)) {
        assert.ok(known.has(label) || label === "job", `${label} of ${name} in ${expression}`);
      }
    }
  }
});

test("the dashboards' choices of provider, model and owner are existing labels", () => {
  for (const { board } of boards) {
    const asked = JSON.stringify(board.templating.list);
    for (const label of ["provider", "model", "owner"]) {
      assert.ok(asked.includes(`, ${label})`), `${board.uid} offers no choice of ${label}`);
      assert.match(metrics, new RegExp(`^lmgate_requests_total\\{[^}]*${label}="`, "m"));
    }
  }
});

const hasPrometheus = ["prometheus", "promtool"].every((program) => spawnSync(program, ["--version"]).status === 0);
if (!hasPrometheus)
  process.stderr.write("!!! SKIPPED: prometheus is not installed; boards and alerts were not tried in it\n");

describe("in a real Prometheus", { skip: hasPrometheus ? false : "prometheus is not installed" }, () => {
  let folder: string;
  let url: string;
  let prometheus: ChildProcess;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "lmgate-test-prometheus-"));
    cpSync(join(deploy, "prometheus"), folder, { recursive: true });
    cpSync(join(gateway.dataDir, "admin-token"), join(folder, "admin-token"));
    const config = readFileSync(join(folder, "prometheus.yml"), "utf8")
      .replace("127.0.0.1:8081", new URL(gateway.adminUrl).host)
      .replaceAll(/_interval: 15s/g, "_interval: 1s");
    writeFileSync(join(folder, "prometheus.yml"), config);
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const flags = [
      `--config.file=prometheus.yml`,
      `--storage.tsdb.path=tsdb`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    prometheus = spawn("prometheus", flags, { cwd: folder, stdio: "ignore" });
    await becomes("the gateway is scraped", async () => (await valueOf('up{job="lmgate"}')) === "1");
  });

  after(async () => {
    prometheus.kill("SIGKILL");
    await once(prometheus, "exit");
    rmSync(folder, { recursive: true, force: true });
  });

  async function valueOf(expression: string): Promise<string | undefined> {
    const response = await ask(expression);
    return response.data?.result[0]?.value?.[1];
  }

  async function ask(expression: string): Promise<z.infer<typeof responseSchema>> {
    const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expression }).toString()}`);
    return responseSchema.parse(await response.json());
  }

  test("promtool finds no error in the configuration and the rules", () => {
    const checked = spawnSync("promtool", ["check", "config", "prometheus.yml"], { cwd: folder, encoding: "utf8" });
    assert.equal(checked.status, 0, checked.stdout + checked.stderr);
    assert.match(checked.stdout, new RegExp(`${alerts.length} rules found`));
  });

  test("Prometheus can run the query of every panel and every alert", async () => {
    for (const expression of expressions) {
      const filled = expression
        .replaceAll("$__rate_interval", "1m")
        .replaceAll("$__range", "1h")
        .replaceAll(/\$(?:provider|model|owner)\b/g, ".*");
      const response = await ask(filled);
      assert.equal(response.status, "success", `${response.error ?? ""} in ${filled}`);
    }
  });

  test("the cost dashboard shows the same sums as the gateway", async () => {
    const own = /^lmgate_cost_usd_total\{[^}]*model="gpt-4o-mini"[^}]*\} (.+)$/m.exec(metrics)?.[1];
    await becomes("the cost arrives", async () => (await valueOf('sum(lmgate_cost_usd_total{owner="tests"})')) === own);
  });

  test("no alert fires on a healthy gateway", async () => {
    const rules = z
      .object({ data: z.object({ groups: z.array(z.object({ rules: z.array(ruleSchema) })) }) })
      .parse(await (await fetch(`${url}/api/v1/rules`)).json());
    const all = rules.data.groups.flatMap((group) => group.rules);
    assert.equal(all.length, alerts.length);
    assert.deepEqual(
      all.filter(({ health, state }) => health === "err" || state === "firing"),
      [],
    );
  });
});

const ruleSchema = z.object({ name: z.string(), health: z.string(), state: z.string() });
const responseSchema = z.object({
  status: z.string(),
  error: z.string().optional(),
  data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]).optional() })) }).optional(),
});

/** Prometheus sends no event, so the test polls it. */
async function becomes(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + HANG_MS; performance.now() < deadline; await delay(100)) {
    if (await holds().catch(() => false)) return;
  }
  throw new Error(`waited until ${what}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}
