import assert from "node:assert/strict";
import { test } from "node:test";
import { cliFixture } from "./run-lmgate.ts";

const COMMANDS = ["start", "check", "init", "config", "keys", "demo", "healthcheck", "version"];

test("lmgate without arguments prints a short help and ends with 0", async (t) => {
  const { code, stdout, stderr } = await cliFixture(t).run([]);
  assert.deepEqual([code, stderr], [0, ""]);
  for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  ${command} `, "m"));
  assert.match(stdout, /^Examples:$/m);
});

test("every command has a help text with examples", async (t) => {
  const cli = cliFixture(t);
  const lines = [
    ...COMMANDS.map((command) => [command]),
    ["config", "show"],
    ["keys", "list"],
    ["keys", "add"],
    ["keys", "revoke"],
  ];
  await Promise.all(
    lines.map(async (line) => {
      const { code, stdout, stderr } = await cli.run([...line, "--help"]);
      assert.deepEqual([code, stderr], [0, ""], line.join(" "));
      assert.ok(stdout.startsWith(`Usage: lmgate ${line.join(" ")} `), stdout);
      assert.match(stdout, /^Examples:\n {2}\S/m, line.join(" "));
    }),
  );
});

test("an unknown command or option is a usage error with a suggestion", async (t) => {
  const cli = cliFixture(t);
  const command = await cli.run(["strat"]);
  assert.deepEqual([command.code, command.stdout], [2, ""]);
  assert.match(command.stderr, /^lmgate: unknown command 'strat'\n\(Did you mean start\?\)/);
  const option = await cli.run(["start", "--prot", "1"]);
  assert.equal(option.code, 2);
  assert.match(option.stderr, /unknown option '--prot'\n\(Did you mean --port\?\)/);
  const subcommand = await cli.run(["keys", "ad"]);
  assert.deepEqual(
    [subcommand.code, subcommand.stderr],
    [2, "lmgate: unknown command 'ad'\n(Did you mean add?)\nTry 'lmgate keys --help'.\n"],
  );
  assert.match((await cli.run(["keys", "add"])).stderr, /'--owner <name>'.*\nTry 'lmgate keys add --help'\.\n$/);
  assert.equal((await cli.run(["check", "a", "b"])).code, 2);
});

test("the version is printed as text and JSON", async (t) => {
  const cli = cliFixture(t);
  const { stdout } = await cli.run(["--version"]);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  const version = stdout.trim();
  assert.equal((await cli.run(["version"])).stdout, `lmgate ${version} (node ${process.version})\n`);
  assert.deepEqual(JSON.parse((await cli.run(["version", "--json"])).stdout), { version, node: process.version });
});
