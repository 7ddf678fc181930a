// The README, tried out: every code block of it is run, or compared with what it speaks of. A block that nobody here knows
// what to do with fails, so that a new one is not forgotten.
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

interface World {
  readonly gateway: Gateway;
  readonly simulator: Simulator;
}

interface Trial {
  /** Which blocks it is for. */
  readonly fits: (block: CodeBlock) => boolean;
  readonly run: (block: CodeBlock, world: World, t: TestContext) => Promise<void> | void;
}

const shell = (pattern: RegExp): Trial["fits"] => {
  return ({ language, text }) => language === "bash" && pattern.test(text);
};

const TRIALS: readonly Trial[] = [
  { fits: ({ language }) => language === "mermaid", run: ({ text }) => assert.match(text, /^graph LR\n/) },
  { fits: shell(/^npm run demo$/), run: runDemo },
  // This very run is the proof; here it is enough that the script exists.
  { fits: shell(/^npm test$/), run: () => assert.ok(manifest.scripts.test) },
  { fits: ({ language, text }) => language === "csv" && text.startsWith("id,api_key,"), run: loadedByGateway },
  { fits: shell(/^docker compose /), run: composeCommands },
  { fits: shell(/^curl \S+\/healthz\n# ok$/), run: health },
  { fits: shell(/^curl \S+\/anthropic\/v1\/messages /), run: anthropicCall },
  { fits: ({ language, text }) => language === "jsonl" && text.includes('"error"'), run: forbiddenBody },
  { fits: shell(/^cat data\/stats\.jsonl \| jq \.$/), run: statsThroughJq },
  { fits: ({ language, text }) => language === "jsonl" && text.includes('"timestamp"'), run: recordShape },
  { fits: shell(/^npm run -s lmgate -- /), run: askedByCommands },
  { fits: ({ language, text }) => language === "python" && text.includes("OpenAI("), run: pythonOpenai },
  { fits: ({ language, text }) => language === "python" && text.includes("Anthropic("), run: pythonAnthropic },
];

describe("README", () => {
  let world: World;
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
    world = { gateway, simulator };
  });
  after(async () => {
    await world.gateway.stop();
    await world.simulator.close();
  });

  for (const block of blocks) {
    const [first = ""] = block.text.split("\n", 1);
    test(`line ${block.line} (${block.language}): ${first.slice(0, 60)}`, async (t) => {
      const fitting = TRIALS.filter(({ fits }) => fits(block));
      assert.equal(
        fitting.length,
        1,
        `${fitting.length} ways to try this block; test/readme.test.ts must know exactly one`,
      );
      await fitting[0]?.run(block, world, t);
    });
  }

  test("there is a block for every way of trying one", () => {
    for (const { fits, run } of TRIALS) assert.ok(blocks.some(fits), `nothing in the README is tried by ${run.name}`);
  });

  test("the scripts and commands that are named in passing exist", async () => {
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

function loadedByGateway({ text }: CodeBlock, { gateway }: World): void {
  const keys = text.trim().split("\n").length - 1;
  assert.match(gateway.output().stdout, new RegExp(`"keys":${keys}\\b.*"msg":"listening"`));
}

/** Not run: that takes an engine. But services and ports must be those of the Compose file. */
function composeCommands({ text }: CodeBlock): void {
  const { services } = parseYaml(readDocument("docker-compose.yml")) as {
    services: Record<string, { build?: { dockerfile?: string }; ports?: string[]; volumes?: string[] }>;
  }; // the file of this repository; what is missing in it fails below
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

async function health({ text }: CodeBlock, { gateway }: World): Promise<void> {
  const { stdout } = await bash(text, gateway);
  assert.equal(`# ${stdout}`, text.split("\n").at(-1));
}

async function anthropicCall({ text }: CodeBlock, { gateway, simulator }: World): Promise<void> {
  const before = simulator.calls().length;
  const { stdout, stderr } = await bash(text, gateway);
  const answer = JSON.parse(stdout) as Record<string, unknown>; // an answer of the simulated provider
  assert.equal(answer["type"], "message", `${stdout}${stderr}`);
  assert.equal(simulator.calls().length, before + 1);
  await gateway.records(1);
}

async function forbiddenBody({ text }: CodeBlock, { gateway }: World): Promise<void> {
  const answer = await fetch(`${gateway.url}/anthropic/v1/messages`, { method: "POST", body: "{}" });
  assert.equal(answer.status, 403);
  assert.equal(await answer.text(), text);
}

async function statsThroughJq({ text }: CodeBlock, { gateway }: World, t: TestContext): Promise<void> {
  if (spawnSync("jq", ["--version"]).status !== 0) return t.skip("jq is not installed");
  const [record] = await gateway.records(1);
  const { stdout, stderr } = await bash(text, gateway);
  assert.deepEqual(JSON.parse(stdout.slice(0, stdout.indexOf("\n}") + 2)), record, stderr);
}

/** The example is the record of the call above: its first ten fields, with a time and token numbers of their own. */
async function recordShape({ text }: CodeBlock, { gateway }: World): Promise<void> {
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

/** Each line by itself, as typed but for the configuration, which is that of the gateway that runs here. */
async function askedByCommands({ text }: CodeBlock, { gateway }: World): Promise<void> {
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
    // 8: with a warning, as for a disk that is nearly full.
    assert.ok(code === 0 || (code === 8 && line.endsWith("doctor")), `${line}: ${code}\n${stdout}${stderr}`);
  }
}

async function pythonOpenai(block: CodeBlock, world: World, t: TestContext): Promise<void> {
  const call = 'client.chat.completions.create(model="gpt-5.5", messages=[{"role": "user", "content": "Hello"}])';
  await python(block, world, { t, module: "openai", code: `print(${call}.choices[0].message.content)` });
}

async function pythonAnthropic(block: CodeBlock, world: World, t: TestContext): Promise<void> {
  const call =
    'client.messages.create(model="claude-sonnet-5", max_tokens=9, messages=[{"role": "user", "content": "Hi"}])';
  await python(block, world, { t, module: "anthropic", code: `print(${call}.content[0].text)` });
}

interface PythonTrial {
  readonly t: TestContext;
  readonly module: string;
  /** A call with the snippet's client. */
  readonly code: string;
}

async function python({ text }: CodeBlock, world: World, { t, module, code }: PythonTrial): Promise<void> {
  if (spawnSync("python3", ["-c", `import ${module}`]).status !== 0) return t.skip(`python3 has no module ${module}`);
  const before = world.simulator.calls().length;
  const { code: exit, stdout, stderr } = await run("python3", ["-c", `${forTest(text, world.gateway)}\n${code}\n`]);
  assert.equal(exit, 0, stderr);
  assert.notEqual(stdout.trim(), "");
  assert.equal(world.simulator.calls().length, before + 1);
}

/** The port of the README may be in use on this machine; nothing else is changed. */
function forTest(code: string, gateway: Gateway): string {
  return code.replaceAll(README_ORIGIN, gateway.url);
}

/** Runs a block as it stands, where the gateway runs. */
function bash(code: string, gateway: Gateway): Promise<Ran> {
  return run("bash", ["-c", forTest(code, gateway)], gateway.directory);
}
