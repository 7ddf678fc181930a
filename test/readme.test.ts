// Tries the README: every code block is run, or compared with what it describes. A block without a trial fails the test, so
// that a new block is not forgotten.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { parse as parseYaml } from "yaml";
import manifest from "../package.json" with { type: "json" };
import { startSimulator, type Simulator } from "../simulator/simulator.ts";
import { codeBlocks, codeSpans, prose, readDocument, repository, type CodeBlock } from "./harness/markdown.ts";
import { run, runLmgate, runNpm, type Ran } from "./harness/run-program.ts";
import { startGateway, type Gateway } from "./harness/gateway.ts";

const readme = readDocument("README.md");
const blocks = codeBlocks(readme);

const README_ORIGIN = "http://localhost:8080";

interface Fixture {
  readonly gateway: Gateway;
  readonly simulator: Simulator;
}

interface Trial {
  /** Selects the blocks that it tries. */
  readonly fits: (block: CodeBlock) => boolean;
  readonly run: (block: CodeBlock, fixture: Fixture, t: TestContext) => Promise<void> | void;
}

const shell = (pattern: RegExp): Trial["fits"] => {
  return ({ language, text }) => language === "bash" && pattern.test(text);
};

const TRIALS: readonly Trial[] = [
  { fits: ({ language }) => language === "mermaid", run: ({ text }) => assert.match(text, /^graph LR\n/) },
  { fits: shell(/^npm run demo$/), run: runDemo },
  // The run of this test shows that `npm test` works; here it is enough that the script exists.
  { fits: shell(/^npm test$/), run: () => assert.ok(manifest.scripts.test) },
  { fits: ({ language, text }) => language === "csv" && text.startsWith("id,api_key,"), run: loadedByGateway },
  { fits: shell(/^docker compose /), run: composeCommands },
  { fits: shell(/^curl \S+\/healthz\n# ok$/), run: health },
  { fits: shell(/^curl \S+\/anthropic\/v1\/messages /), run: anthropicRequest },
  { fits: ({ language, text }) => language === "jsonl" && text.includes('"error"'), run: forbiddenBody },
  { fits: shell(/^cat data\/stats\.jsonl \| jq \.$/), run: statsThroughJq },
  { fits: ({ language, text }) => language === "jsonl" && text.includes('"timestamp"'), run: recordShape },
  { fits: shell(/^npm run -s lmgate -- /), run: commandsRun },
  { fits: ({ language, text }) => language === "python" && text.includes("OpenAI("), run: pythonOpenai },
  { fits: ({ language, text }) => language === "python" && text.includes("Anthropic("), run: pythonAnthropic },
];

describe("README", () => {
  let fixture: Fixture;
  before(async () => {
    const simulator = await startSimulator();
    const allowlist = blocks.find(({ language }) => language === "csv")?.text ?? "";
    const upstream = (name: string): { upstream: string } => ({ upstream: `${simulator.url}/${name}` });
    const gateway = await startGateway({
      allowlist: `${allowlist}\n`,
      config: {
        providers: { openai: upstream("openai"), anthropic: upstream("anthropic"), google: upstream("google") },
      },
    });
    fixture = { gateway, simulator };
  });
  after(async () => {
    await fixture.gateway.stop();
    await fixture.simulator.close();
  });

  for (const block of blocks) {
    const [first = ""] = block.text.split("\n", 1);
    test(`line ${block.line} (${block.language}): ${first.slice(0, 60)}`, async (t) => {
      const fitting = TRIALS.filter(({ fits }) => fits(block));
      assert.equal(
        fitting.length,
        1,
        `${fitting.length} trials for this block; test/readme.test.ts must have exactly one`,
      );
      await fitting[0]?.run(block, fixture, t);
    });
  }

  test("every trial has a block", () => {
    for (const { fits, run } of TRIALS) assert.ok(blocks.some(fits), `no block of the README is tried by ${run.name}`);
  });

  test("the scripts and commands that the text mentions exist", async () => {
    const spans = codeSpans(prose(readme));
    const scripts = spans.flatMap((span) => /^npm (?:run (?:-s )?)?([a-z:]+)/.exec(span)?.[1] ?? []);
    assert.ok(scripts.length > 0);
    for (const script of scripts) assert.ok(Object.hasOwn(manifest.scripts, script), `npm run ${script}`);
    const commands = spans.flatMap(
      (span) => /(?:^lmgate|lmgate --|^) ?((?:check|config|keys)(?: [a-z]+)?)$/.exec(span)?.[1] ?? [],
    );
    assert.ok(commands.length > 0);
    for (const command of commands) {
      const { code, stdout } = await runLmgate([...command.split(" "), "--help"]);
      assert.equal(code, 0, command);
      assert.ok(stdout.startsWith(`Usage: lmgate ${command} `), command);
    }
  });

  test("the routing table is what is on by default", async () => {
    const { stdout } = await runLmgate([
      "config",
      "show",
      "--json",
      "--config",
      join(repository, "config", "lmgate.yaml"),
    ]);
    const shown = JSON.parse(stdout) as { settings: { key: string; value: unknown }[] }; // what `config show --json` prints
    const actual = shown.settings.flatMap(({ key, value }) => {
      const name = /^providers\.(.+)\.upstream$/.exec(key)?.[1];
      return name === undefined ? [] : [`| \`/${name}/\` | \`${String(value)}\` |`];
    });
    const rows = readme.split("\n").map((line) => line.replaceAll(/ {2,}/g, " "));
    for (const row of actual) assert.ok(rows.includes(row), row);
    assert.equal(rows.filter((row) => /^\| `\/\w+\/` \|/.test(row)).length, actual.length);
  });
});

async function runDemo(): Promise<void> {
  const { code, stdout, stderr } = await runNpm(["run", "demo", "--", "--once"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /403 \{"error":"forbidden","message":"API key not authorized"\}[\s\S]*\n {2}total +\d/);
}

function loadedByGateway({ text }: CodeBlock, { gateway }: Fixture): void {
  const keys = text.trim().split("\n").length - 1;
  assert.match(gateway.output().stdout, new RegExp(`"keys":${keys}\\b.*"msg":"listening"`));
}

/** Not run, because that needs a container engine. Services and ports must be those of the Compose file. */
function composeCommands({ text }: CodeBlock): void {
  const { services } = parseYaml(readDocument("docker-compose.yml")) as {
    services: Record<string, { build?: { dockerfile?: string }; ports?: string[]; volumes?: string[] }>;
  }; // the file of this repository; missing members fail below
  for (const line of text.split("\n")) {
    const [command = ""] = line.split("#", 1);
    const [, , verb = "", ...rest] = command.trim().split(/\s+/);
    assert.match(command, /^docker compose (?:up -d(?: --build)?|logs -f|restart \S+|down) *$/, line);
    if (verb !== "up")
      for (const word of rest) if (!word.startsWith("-")) assert.ok(Object.hasOwn(services, word), line);
  }
  const { lmgate: service } = services;
  assert.deepEqual(service?.ports, ["8080:8080", "127.0.0.1:8081:8081"]);
  assert.deepEqual(service?.volumes, ["./config:/app/config:ro", "./data:/app/data"]);
  assert.ok(existsSync(join(repository, service?.build?.dockerfile ?? "missing")));
}

async function health({ text }: CodeBlock, { gateway }: Fixture): Promise<void> {
  const { stdout } = await bash(text, gateway);
  assert.equal(`# ${stdout}`, text.split("\n").at(-1));
}

async function anthropicRequest({ text }: CodeBlock, { gateway, simulator }: Fixture): Promise<void> {
  const before = simulator.requests().length;
  const { stdout, stderr } = await bash(text, gateway);
  const response = JSON.parse(stdout) as Record<string, unknown>; // from the simulated provider
  assert.equal(response["type"], "message", `${stdout}${stderr}`);
  assert.equal(simulator.requests().length, before + 1);
  await gateway.records(1);
}

async function forbiddenBody({ text }: CodeBlock, { gateway }: Fixture): Promise<void> {
  const response = await fetch(`${gateway.url}/anthropic/v1/messages`, { method: "POST", body: "{}" });
  assert.equal(response.status, 403);
  assert.equal(await response.text(), text);
}

async function statsThroughJq({ text }: CodeBlock, { gateway }: Fixture, t: TestContext): Promise<void> {
  if (spawnSync("jq", ["--version"]).status !== 0) return t.skip("jq is not installed");
  const [record] = await gateway.records(1);
  const { stdout, stderr } = await bash(text, gateway);
  assert.deepEqual(JSON.parse(stdout.slice(0, stdout.indexOf("\n}") + 2)), record, stderr);
}

/** The example is the record of the request before it: its first ten fields, with another time and other token counts. */
async function recordShape({ text }: CodeBlock, { gateway }: Fixture): Promise<void> {
  const [record] = await gateway.records(1);
  assert.ok(record);
  const example = JSON.parse(text) as Record<string, unknown>; // a block of the README
  const real = Object.entries(record).slice(0, Object.keys(example).length);
  assert.deepEqual(
    Object.keys(example),
    real.map(([name]) => name),
  );
  assert.equal(real.length, 10);
  for (const [name, value] of real) {
    if (/^timestamp$|_tokens$/.test(name)) assert.equal(typeof example[name], typeof value, name);
    else assert.equal(example[name], value, name);
  }
  assert.equal(new Date(String(example["timestamp"])).toISOString(), example["timestamp"]);
}

/** Runs each line by itself, with the configuration of the gateway that runs here. */
async function commandsRun({ text }: CodeBlock, { gateway }: Fixture): Promise<void> {
  const config = join(gateway.directory, "lmgate.yaml");
  for (const line of text.split("\n")) {
    const typed = line.replace(
      "npm run -s lmgate --",
      `${process.execPath} ${join(repository, "src", "cli", "main.ts")}`,
    );
    const { code, stdout, stderr } = await run(
      "bash",
      ["-c", `export LMGATE_CONFIG=${config}; ${typed}`],
      gateway.directory,
    );
    // 8 is a warning, for example about a disk that is nearly full.
    assert.ok(code === 0 || (code === 8 && line.endsWith("doctor")), `${line}: ${code}\n${stdout}${stderr}`);
  }
}

async function pythonOpenai(block: CodeBlock, fixture: Fixture, t: TestContext): Promise<void> {
  const request = 'client.chat.completions.create(model="gpt-5.5", messages=[{"role": "user", "content": "Hello"}])';
  await python(block, fixture, { t, module: "openai", code: `print(${request}.choices[0].message.content)` });
}

async function pythonAnthropic(block: CodeBlock, fixture: Fixture, t: TestContext): Promise<void> {
  const request =
    'client.messages.create(model="claude-sonnet-5", max_tokens=9, messages=[{"role": "user", "content": "Hi"}])';
  await python(block, fixture, { t, module: "anthropic", code: `print(${request}.content[0].text)` });
}

interface PythonTrial {
  readonly t: TestContext;
  readonly module: string;
  /** A request with the snippet's client. */
  readonly code: string;
}

async function python({ text }: CodeBlock, fixture: Fixture, { t, module, code }: PythonTrial): Promise<void> {
  if (spawnSync("python3", ["-c", `import ${module}`]).status !== 0) return t.skip(`python3 has no module ${module}`);
  const before = fixture.simulator.requests().length;
  const { code: exit, stdout, stderr } = await run("python3", ["-c", `${forTest(text, fixture.gateway)}\n${code}\n`]);
  assert.equal(exit, 0, stderr);
  assert.notEqual(stdout.trim(), "");
  assert.equal(fixture.simulator.requests().length, before + 1);
}

/** Replaces the port, which may be in use on this machine; nothing else is changed. */
function forTest(code: string, gateway: Gateway): string {
  return code.replaceAll(README_ORIGIN, gateway.url);
}

/** Runs a block unchanged in the gateway's directory. */
function bash(code: string, gateway: Gateway): Promise<Ran> {
  return run("bash", ["-c", forTest(code, gateway)], gateway.directory);
}
