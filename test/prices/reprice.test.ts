/** Recomputes the costs of recorded requests: in closed segments, beside a running gateway, and after the command was killed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";

import { HANG_MS } from "../harness/until.ts";
import { parseRecords } from "../../src/demo/usage-table.ts";
import { cliFixture } from "../cli/run-lmgate.ts";
import { startGateway, testKey } from "../harness/gateway.ts";
import { startScriptedProvider } from "./scripted-provider.ts";

const SEGMENT = "stats-20261122T000000.000Z.jsonl";
const HEAD = '{"timestamp":"2026-11-23T12:00:00.000Z","provider":"openai","endpoint":"/openai/v1/chat/completions",';
const TAIL = ',"instance":"i-1","seq":';

/** A line as the ledger writes it, with text that a careless replacement would change. */
function line(model: string, cost: string, seq: number, more = ""): string {
  const tags = '"tags":{"note":",\\"cost_usd\\":1,\\"cost_source\\":\\"table\\"}"},"user_agent":"ünïcode \\u00e9"';
  return `${HEAD}"model":"${model}","input_tokens":1000000,"output_tokens":0,${tags}${more}${cost}${TAIL}${seq}}\n`;
}

const OLD = ',"cost_usd":null,"cost_source":"none"';
const NEW = ',"cost_usd":7,"cost_source":"override"';

function prices(model: string, usd: number): string {
  return JSON.stringify({ models: { [model]: { input: usd } } });
}

test("costs are recomputed, and every other byte stays unchanged", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("lmgate.yaml"), JSON.stringify({ pricing: { overrides_path: "prices.json" } }));
  writeFileSync(cli.path("prices.json"), prices("my-model", 7));
  const replay = line("my-model", "", 4, ',"usage_state":"replay"');
  const odd = '{"timestamp":"2026-11-23T12:00:00.000Z","provider":"openai","model":"my-model","provider_cost_usd":"x"}';
  const foreign = `not ours\r\n\n{}\n${odd}\n`;
  const torn = '{"torn":';
  const bytes = Buffer.concat([Buffer.from(foreign), Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from(torn)]);
  const before = line("my-model", OLD, 1) + line("my-model", "", 2) + line("other", OLD, 3) + replay;
  const after = line("my-model", NEW, 1) + line("my-model", NEW, 2) + line("other", OLD, 3) + replay;
  writeFileSync(cli.path(SEGMENT), Buffer.concat([Buffer.from(before), bytes]), { mode: 0o640 });

  const args = ["reprice", "--config", "lmgate.yaml", "--stats", "stats.jsonl"];
  const dry = await cli.run([...args, "--dry-run", "--json"]);
  assert.equal(dry.code, 0);
  assert.deepEqual(JSON.parse(dry.stdout), {
    dryRun: true,
    segments: [{ file: SEGMENT, records: 3, changed: 2, beforeUsd: 0, afterUsd: 14 }],
  });
  assert.deepEqual(readFileSync(cli.path(SEGMENT)), Buffer.concat([Buffer.from(before), bytes]));

  const done = await cli.run(args);
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(readFileSync(cli.path(SEGMENT)), Buffer.concat([Buffer.from(after), bytes]));
  assert.equal(statSync(cli.path(SEGMENT)).mode & 0o777, 0o640);
  assert.deepEqual(readdirSync(cli.directory).toSorted(), ["lmgate.yaml", "prices.json", SEGMENT]);
});

test("the active segment of a dead gateway is closed first, and an unchanged segment is not rewritten", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("lmgate.yaml"), JSON.stringify({ pricing: { overrides_path: "prices.json" } }));
  writeFileSync(cli.path("prices.json"), prices("my-model", 7));
  writeFileSync(cli.path("stats.jsonl"), line("my-model", OLD, 1));
  const args = ["reprice", "--config", "lmgate.yaml", "--stats", "stats.jsonl"];
  assert.equal((await cli.run(args)).code, 0);
  const [segment] = readdirSync(cli.directory).filter((name) => name.startsWith("stats-"));
  assert.ok(segment && !existsSync(cli.path("stats.jsonl")));
  assert.equal(readFileSync(cli.path(segment), "utf8"), line("my-model", NEW, 1));

  const { ino } = statSync(cli.path(segment));
  assert.equal((await cli.run(args)).code, 0);
  assert.equal(statSync(cli.path(segment)).ino, ino);
});

test("a running gateway closes its segment first and continues with a new one", async (t) => {
  const provider = await startScriptedProvider();
  const directory = mkdtempSync(join(tmpdir(), "lmgate-reprice-"));
  const statsPath = join(directory, "stats.jsonl");
  const config = { stats: { output_path: statsPath }, providers: { openai: { upstream: provider.url } } };
  const gateway = await startGateway({ config });
  t.after(async () => {
    await gateway.stop();
    await provider.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const usage = { prompt_tokens: 1_000_000, completion_tokens: 0 };
  provider.respondWith("POST /v1/chat/completions", { model: "my-model", choices: [], usage });
  const sendRequest = async (): Promise<void> => {
    const headers = { authorization: `Bearer ${testKey.key}` };
    const response = await fetch(`${gateway.url}/openai/v1/chat/completions`, { method: "POST", headers, body: "{}" });
    await response.arrayBuffer();
  };
  await sendRequest();

  const cli = cliFixture(t);
  writeFileSync(cli.path("lmgate.yaml"), JSON.stringify({ pricing: { overrides_path: "prices.json" } }));
  writeFileSync(cli.path("prices.json"), prices("my-model", 7));
  const paths = ["--stats", statsPath, "--admin-port", String(gateway.adminPort)];
  const args = ["reprice", "--config", "lmgate.yaml", ...paths];
  const env = { LMGATE_ADMIN__TOKEN_PATH: join(gateway.dataDir, "admin-token") };

  const rejected = await cli.run(args);
  assert.match(rejected.stderr, /the running gateway did not close it/);
  await untilLines(statsPath, 1);
  const { code, stderr } = await cli.run(args, { env });
  assert.equal(code, 0, stderr);
  const segments = readdirSync(directory).filter((name) => /^stats-.*\.jsonl$/.test(name));
  assert.equal(segments.length, 1);
  const [repriced] = parseRecords(readFileSync(join(directory, segments[0] ?? ""), "utf8"));
  assert.deepEqual([repriced?.cost_usd, repriced?.cost_source, repriced?.seq], [7, "override", 1]);

  await sendRequest();
  await untilLines(statsPath, 1);
  const [next] = parseRecords(readFileSync(statsPath, "utf8"));
  assert.deepEqual([next?.cost_usd, next?.cost_source, next?.seq], [null, "none", 2]);
});

test("a command that is killed leaves the old segment complete, and the next one finishes the work", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("lmgate.yaml"), JSON.stringify({ pricing: { overrides_path: "prices.json" } }));
  writeFileSync(cli.path("prices.json"), prices("my-model", 7));
  const count = 150_000;
  const before = Array.from({ length: count }, (_, at) => line("my-model", OLD, at)).join("");
  writeFileSync(cli.path(SEGMENT), before);
  const args = ["reprice", "--config", "lmgate.yaml", "--stats", "stats.jsonl"];
  await killAtFirstWrite(t, cli.directory, args);
  assert.ok(readFileSync(cli.path(SEGMENT), "utf8") === before, "the old file is as it was");

  const { code, stderr } = await cli.run(args);
  assert.equal(code, 0, stderr);
  const after = readFileSync(cli.path(SEGMENT), "utf8");
  assert.equal(after.length, before.length + count * (NEW.length - OLD.length));
  assert.ok(!after.includes(OLD));
  assert.deepEqual(readdirSync(cli.directory).toSorted(), ["lmgate.yaml", "prices.json", SEGMENT]);
});

/** Runs the command, and kills it as soon as the new file has content. */
async function killAtFirstWrite(t: TestContext, cwd: string, args: readonly string[]): Promise<void> {
  const temporary = join(cwd, `.${SEGMENT}.repriced`);
  const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
  const child = spawn(process.execPath, [main, ...args], { cwd, stdio: "ignore" });
  const watcher = watch(cwd);
  t.after(() => watcher.close());
  watcher.on("change", () => {
    if ((statSync(temporary, { throwIfNoEntry: false })?.size ?? 0) > 0) child.kill("SIGKILL");
  });
  const [, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null]; // the event's arguments
  assert.equal(signal, "SIGKILL", "the command was killed before it finished");
}

async function untilLines(path: string, count: number): Promise<void> {
  const deadline = Date.now() + HANG_MS;
  for (;;) {
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 1 : 0;
    if (lines >= count) return;
    assert.ok(Date.now() < deadline, `${lines} lines in ${path}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
