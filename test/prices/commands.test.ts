/** The commands that show prices, and how commands report issues in the operator's prices. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { cliFixture, type CliFixture } from "../cli/run-lmgate.ts";

const CONFIG = { pricing: { overrides_path: "prices.yaml" } };

function prepare(cli: CliFixture, prices: string): void {
  writeFileSync(cli.path("lmgate.yaml"), JSON.stringify(CONFIG)); // JSON is YAML
  writeFileSync(cli.path("prices.yaml"), prices);
  writeFileSync(cli.path("keys.csv"), "id,api_key,owner,added\n");
}

const WITH_CONFIG = ["--config", "lmgate.yaml"];

test("a model's prices are shown with their source", async (t) => {
  const cli = cliFixture(t);
  prepare(cli, "models: { my-model: { input: 2.5, output: 10, request: 0.01 } }");
  const own = await cli.run(["prices", "get", "my-model", "--provider", "openai", ...WITH_CONFIG]);
  assert.equal(own.code, 0);
  assert.deepEqual(own.stdout.trim().split("\n"), [
    "PROVIDER\tMODEL\tPRICE OF A\tUSD\tSOURCE",
    "openai\tmy-model\tinput, million tokens\t2.5\toverride",
    "openai\tmy-model\toutput, million tokens\t10\toverride",
    "openai\tmy-model\trequest\t0.01\toverride",
  ]);
  const listed = await cli.run(["prices", "get", "gpt-4o", "--json", ...WITH_CONFIG]);
  const [quote] = JSON.parse(listed.stdout) as { source: string }[]; // the command's own document
  assert.equal(quote?.source, "table");
});

test("a model without a price ends with exit code 6", async (t) => {
  const cli = cliFixture(t);
  prepare(cli, "");
  const { code, stdout, stderr } = await cli.run(["prices", "get", "gpt-unheard-of", ...WITH_CONFIG]);
  assert.deepEqual([code, stdout], [6, ""]);
  assert.match(stderr, /no price for gpt-unheard-of/);
});

test("the list has the operator's prices before the table's", async (t) => {
  const cli = cliFixture(t);
  prepare(cli, 'models: { "my-*": { input: 2.5 } }');
  const { stdout } = await cli.run(["prices", "list", "--provider", "openai", ...WITH_CONFIG]);
  const [, first, ...rest] = stdout.trim().split("\n");
  assert.equal(first, "openai\tmy-*\t2.5\t-\t-\t-\toverride");
  assert.ok(rest.some((row) => row.startsWith("openai\tgpt-4o\t2.5\t1.25\t-\t10\ttable")));
});

test("models without a price are listed from all files, those with the most tokens first", async (t) => {
  const cli = cliFixture(t);
  prepare(cli, "");
  const line = (model: string, tokens: number, source: string): string =>
    `${JSON.stringify({
      timestamp: "2026-11-23T12:00:00.000Z",
      provider: "openai",
      model,
      input_tokens: tokens,
      output_tokens: 0,
      cost_usd: source === "none" ? null : 1,
      cost_source: source,
    })}\n`;
  writeFileSync(cli.path("stats-20261122T000000.000Z.jsonl"), line("small", 5, "none") + line("big", 70, "none"));
  writeFileSync(
    cli.path("stats.jsonl"),
    `${line("small", 6, "none")}${line("known", 99, "table")}{"cost_source":"none"`,
  );
  const { code, stdout } = await cli.run(["prices", "unpriced", "--stats", "stats.jsonl", ...WITH_CONFIG]);
  assert.equal(code, 0);
  assert.deepEqual(stdout.trim().split("\n"), [
    "PROVIDER\tMODEL\tREQUESTS\tTOKENS",
    "openai\tbig\t1\t70",
    "openai\tsmall\t2\t11",
  ]);
});

test("with an issue in the operator's prices nothing starts, and every issue is reported", async (t) => {
  const cli = cliFixture(t);
  prepare(cli, "models:\n  a: { imput: 1 }\n  b: { output: lots }\n");
  for (const command of [["start"], ["check"], ["prices", "list"]]) {
    const { code, stdout, stderr } = await cli.run([...command, ...WITH_CONFIG, ...allowlist(command)]);
    assert.equal(code, 3, command.join(" "));
    const output = stdout + stderr;
    assert.match(output, /prices\.yaml:2:8 models\.a\.imput: unknown name \(did you mean "input"\?\)/);
    assert.match(output, /prices\.yaml:3:16 models\.b\.output: found "lots"; allowed is a number of US dollars/);
  }
});

test("a missing file of prices is an issue", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("lmgate.yaml"), JSON.stringify({ pricing: { overrides_path: "nowhere.yaml" } }));
  const { code, stderr } = await cli.run(["start", ...WITH_CONFIG]);
  assert.equal(code, 3);
  assert.match(stderr, /nowhere\.yaml: there is no such file/);
});

function allowlist([command]: readonly string[]): readonly string[] {
  return command === "prices" ? [] : ["--allowlist", "keys.csv"];
}
