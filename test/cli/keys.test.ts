import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { watchList } from "../allowlist/watched-list.ts";
import { cliFixture, onTerminal } from "./run-lmgate.ts";

const KEY = "sk-proj-SECRET-new-0123456789";
const LIST = `# our keys\r
id,api_key,owner,added,team\r
1,sk-proj-SECRET-a-0123456789,"Smith, Al",2026-01-01,red\r
\r
# bob left\r
7,sk-proj-SECRET-b-0123456789,bob,2026-01-02,\r
`;
const ON = ["--allowlist", "allowlist.csv"];

test("keys add writes one line, keeps the rest byte for byte, and prints no key", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("allowlist.csv"), LIST);
  chmodSync(cli.path("allowlist.csv"), 0o640);
  const { code, stdout, stderr } = await cli.run(["keys", "add", ...ON, "--owner", "eve"], { input: `${KEY}\n` });
  assert.deepEqual([code, stdout, stderr], [0, "added 8 (owner eve) to allowlist.csv\n", ""]);
  const today = new Date().toISOString().slice(0, 10);
  assert.equal(readFileSync(cli.path("allowlist.csv"), "utf8"), `${LIST}8,${KEY},eve,${today},\r\n`);
  assert.equal(statSync(cli.path("allowlist.csv")).mode & 0o777, 0o640);
  assert.deepEqual(readdirSync(cli.directory), ["allowlist.csv"]);
});

test("keys add accepts an id, an expiry and a key file, and can store only the digest", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("allowlist.csv"), LIST);
  writeFileSync(cli.path("key.txt"), `${KEY}\n`);
  const more = [
    "--owner",
    "ci",
    "--id",
    "ci-1",
    "--expires",
    "2099-12-31",
    "--key-file",
    "key.txt",
    "--hash",
    "--json",
  ];
  const { code, stdout } = await cli.run(["keys", "add", ...ON, ...more]);
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), { id: "ci-1", owner: "ci", allowlist: "allowlist.csv" });
  const text = readFileSync(cli.path("allowlist.csv"), "utf8");
  assert.match(text, /^id,api_key,owner,added,team,expires_at\r$/m);
  assert.match(text, /^ci-1,sha256:[0-9a-f]{64},ci,\d{4}-\d\d-\d\d,,2099-12-31\r$/m);
  assert.ok(!text.includes(KEY));
});

test("keys add rejects a key on the command line, an invalid one and a duplicate, and writes or prints none", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("allowlist.csv"), LIST);
  const cases: readonly (readonly [args: readonly string[], input: string, code: number, message: RegExp])[] = [
    [["--key", KEY], "", 2, /use --key - or --key-file/],
    [["--key", "-", "--key-file", "x"], "", 2, /use either --key or --key-file/],
    [["--expires", "tomorrow"], KEY, 2, /expires: use/],
    [["--expires", "2020-01-01"], KEY, 2, /in the past/],
    [[], "", 2, /key: empty/],
    [[], `${KEY}\n${KEY}\n`, 2, /key: contains a space/],
    [["--key", "-"], "sk-proj-SECRET-b-0123456789", 7, /exists already, under the id 7/],
    [["--id", "7"], KEY, 7, /this id exists already/],
    [["--key-file", "none.txt"], "", 1, /none\.txt: there is no such file/],
  ];
  const attempts = cases.map(async ([args, input, expected, message]) => {
    const { code, stdout, stderr } = await cli.run(["keys", "add", ...ON, "--owner", "eve", ...args], { input });
    assert.deepEqual([code, stdout], [expected, ""], stderr);
    assert.match(stderr, message);
    assert.ok(!stderr.includes("SECRET"), stderr);
  });
  await Promise.all(attempts);
  assert.equal(readFileSync(cli.path("allowlist.csv"), "utf8"), LIST);
});

test("keys revoke removes the row, nothing else, and prints its owner", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("allowlist.csv"), LIST);
  const unconfirmed = await cli.run(["keys", "revoke", "7", ...ON]);
  assert.equal(unconfirmed.code, 2);
  assert.match(unconfirmed.stderr, /use --yes/);
  const unknown = await cli.run(["keys", "revoke", "9", "--yes", ...ON]);
  assert.equal(unknown.code, 6);
  assert.match(unknown.stderr, /not on the allow-list: 9/);
  assert.equal(readFileSync(cli.path("allowlist.csv"), "utf8"), LIST);

  const done = await cli.run(["keys", "revoke", "7", "--yes", ...ON]);
  assert.deepEqual([done.code, done.stdout], [0, "revoked 7 (owner bob, key …456789)\n"]);
  assert.equal(readFileSync(cli.path("allowlist.csv"), "utf8"), LIST.replace(/^7,.*\r\n/m, ""));
});

test("on a terminal keys revoke shows the keys and asks, and changes nothing without a yes", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("allowlist.csv"), LIST);
  const declined = await cli.run(["keys", "revoke", "7", ...ON], { wrapper: onTerminal, input: "n\n" });
  assert.equal(declined.code, 1);
  assert.match(declined.stdout, /7 {2}bob {2}…456789[\s\S]*Revoke this key\? \[y\/N\]/);
  assert.equal(readFileSync(cli.path("allowlist.csv"), "utf8"), LIST);
  const confirmed = await cli.run(["keys", "revoke", "7", ...ON], { wrapper: onTerminal, input: "y\n" });
  assert.equal(confirmed.code, 0, confirmed.stdout);
  assert.doesNotMatch(readFileSync(cli.path("allowlist.csv"), "utf8"), /^7,/m);
});

test("the last key stays in the file when it is revoked, disabled, so that the gateway accepts the change", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("allowlist.csv"), LIST);
  const list = await watchList(t, cli.directory);
  await cli.run(["keys", "revoke", "1", "7", "--yes", ...ON]);
  await list.until(() => list.changes.length > 0);
  assert.deepEqual([list.changes, list.errors], [[0], []]);
  assert.match(readFileSync(cli.path("allowlist.csv"), "utf8"), /^7,.*,true\r$/m);
});

test("a running gateway reloads a key that is added", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("allowlist.csv"), LIST);
  const list = await watchList(t, cli.directory);
  await cli.run(["keys", "add", ...ON, "--owner", "eve"], { input: KEY });
  await list.until(() => list.changes.length > 0);
  assert.ok(list.opens("new"));
});

test("keys that are added at the same time are all listed, each with its own id", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("allowlist.csv"), LIST);
  const adds = Array.from({ length: 6 }, (_, index) =>
    cli.run(["keys", "add", ...ON, "--owner", "eve"], { input: `sk-proj-parallel-${index}-0123456789` }),
  );
  assert.deepEqual(
    (await Promise.all(adds)).map(({ code }) => code),
    [0, 0, 0, 0, 0, 0],
  );
  const json = await cli.run(["keys", "list", "--json", ...ON]);
  const ids = (JSON.parse(json.stdout) as { id: string }[]).map(({ id }) => id); // as: our own output
  assert.deepEqual(ids, ["1", "7", "8", "9", "10", "11", "12", "13"]);
  assert.deepEqual(readdirSync(cli.directory), ["allowlist.csv"]);
});

test("an allow-list behind a symbolic link is changed at its target", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("real.csv"), LIST);
  symlinkSync("real.csv", cli.path("allowlist.csv"));
  assert.equal((await cli.run(["keys", "add", ...ON, "--owner", "eve"], { input: KEY })).code, 0);
  assert.ok(readFileSync(cli.path("real.csv"), "utf8").includes(KEY));
});

test("keys list prints owner and state of each key, as a table or JSON", async (t) => {
  const cli = cliFixture(t);
  const rows = [
    '1,sk-proj-SECRET-a-0123456789,"Ann\tB",d,,',
    "2,sk-proj-SECRET-b-0123456789,bob,d,true,",
    "3,sk-proj-SECRET-c-0123456789,eve,d,,2020-01-01",
  ];
  writeFileSync(cli.path("allowlist.csv"), `id,api_key,owner,added,disabled,expires_at\n${rows.join("\n")}\n`);
  const { code, stdout } = await cli.run(["keys", "list", ...ON]);
  assert.equal(code, 0);
  assert.deepEqual(stdout.split("\n"), [
    "ID\tOWNER\tKEY\tSTATE\tADDED\tEXPIRES",
    "1\tAnn B\t…456789\tactive\td\tnever",
    "2\tbob\t…456789\tdisabled\td\tnever",
    "3\teve\t…456789\texpired\td\t2020-01-02T00:00:00.000Z",
    "",
  ]);
  const json = await cli.run(["keys", "list", "--json", ...ON]);
  assert.deepEqual(
    (JSON.parse(json.stdout) as { state: string }[]).map(({ state }) => state),
    ["active", "disabled", "expired"],
  ); // as: our own output
  assert.ok(!`${stdout}${json.stdout}`.includes("SECRET"));
});

test("an invalid allow-list ends a keys command with exit code 3 and its issues", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("allowlist.csv"), "id,api_key,owner\n");
  for (const args of [["list"], ["add", "--owner", "x"], ["revoke", "1", "--yes"]]) {
    const { code, stderr } = await cli.run(["keys", ...args, ...ON], { input: KEY });
    assert.equal(code, 3);
    assert.match(stderr, /allowlist\.csv:1 added: this required column is missing/);
  }
  const none = await cli.run(["keys", "list", "--allowlist", "none.csv"]);
  assert.equal(none.code, 3);
  assert.match(none.stderr, /none\.csv: there is no such file/);
});

test("an allow-list without rows can be listed and added to", async (t) => {
  const cli = cliFixture(t);
  writeFileSync(cli.path("allowlist.csv"), "id,api_key,owner,added\n");
  const empty = await cli.run(["keys", "list", ...ON]);
  assert.equal(empty.code, 0);
  assert.match(empty.stderr, /contains no keys; add one with/);
  assert.equal((await cli.run(["keys", "add", "--owner", "ann", ...ON], { input: KEY })).code, 0);
});
