import assert from "node:assert/strict";
import { test } from "node:test";
import { workplace } from "./run-lmgate.ts";

const COMMANDS = ["start", "check", "init", "config", "keys", "demo", "healthcheck", "version"];

test("lmgate alone prints a short help and ends well", async (t) => {
  const { code, stdout, stderr } = await workplace(t).run([]);
  assert.deepEqual([code, stderr], [0, ""]);
  for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  ${command} `, "m"));
  assert.match(stdout, /^Examples:$/m);
});

test("every command has a help with examples", async (t) => {
  const place = workplace(t);
  const lines = [
    ...COMMANDS.map((command) => [command]),
    ["config", "show"],
    ["keys", "list"],
    ["keys", "add"],
    ["keys", "revoke"],
  ];
  await Promise.all(
    lines.map(async (line) => {
      const { code, stdout, stderr } = await place.run([...line, "--help"]);
      assert.deepEqual([code, stderr], [0, ""], line.join(" "));
      assert.ok(stdout.startsWith(`Usage: lmgate ${line.join(" ")} `), stdout);
      assert.match(stdout, /^Examples:\n {2}\S/m, line.join(" "));
    }),
  );
});

test("an unknown command or option is a usage error that says which was meant", async (t) => {
  const place = workplace(t);
  const command = await place.run(["strat"]);
  assert.deepEqual([command.code, command.stdout], [2, ""]);
  assert.match(command.stderr, /^lmgate: unknown command 'strat'\n\(Did you mean start\?\)/);
  const option = await place.run(["start", "--prot", "1"]);
  assert.equal(option.code, 2);
  assert.match(option.stderr, /unknown option '--prot'\n\(Did you mean --port\?\)/);
  const within = await place.run(["keys", "ad"]);
  assert.deepEqual(
    [within.code, within.stderr],
    [2, "lmgate: unknown command 'ad'\n(Did you mean add?)\nTry 'lmgate keys --help'.\n"],
  );
  assert.match((await place.run(["keys", "add"])).stderr, /'--owner <name>'.*\nTry 'lmgate keys add --help'\.\n$/);
  assert.equal((await place.run(["check", "a", "b"])).code, 2);
});

test("the version is printed for people and for programs", async (t) => {
  const place = workplace(t);
  const { stdout } = await place.run(["--version"]);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  const version = stdout.trim();
  assert.equal((await place.run(["version"])).stdout, `lmgate ${version} (node ${process.version})\n`);
  assert.deepEqual(JSON.parse((await place.run(["version", "--json"])).stdout), { version, node: process.version });
});
