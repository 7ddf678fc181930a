// The output and exit codes of stats, tail, export and sql, on a terminal and in a pipe.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { onTerminal, cliFixture, type CliFixture } from "./run-lmgate.ts";

const RANGE = ["--since", "2026-11-02", "--until", "2026-11-03", "--tz", "UTC"];
const ESCAPE = "\u001b";

test("stats on a terminal prints an aligned table with shares, changes, totals and coverage", async (t) => {
  const cli = cliWithLedger(t);
  const { code, stdout } = await cli.run(["stats", "--offline", ...RANGE], {
    wrapper: onTerminal,
    env: { NO_COLOR: "1" },
  });
  assert.equal(code, 0, stdout);
  // A slow read first shows a progress bar, which is then erased.
  assert.deepEqual(stdout.replace(/^\r.*\r/, "").split("\r\n"), [
    "MODEL             COST  TOKENS  REQUESTS  ERRORS    P95  SHARE                 Δ",
    "gpt-4o           $3.00   3,000         2       0  2.0 s  ██████████ 100 %  +50 %",
    "claude-opus-4-5     $0       —         1       1  99 ms               0 %",
    "own-model            —   1,500         1       0  1.0 s",
    "--------------------------------------------------------------------------------",
    "total            $3.00   4,500         4       1  2.0 s                    +50 %",
    "",
    "2026-11-02 00:00 to 2026-11-03 00:00 (UTC) · usage known for 75.0 % of 4 requests · cost estimated from list prices, 1 model without a price (lmgate prices unpriced)",
    "",
  ]);
});

test("in a pipe the same rows are tab-separated, exact and without decoration", async (t) => {
  const cli = cliWithLedger(t);
  const [piped, plain, csv, jsonl] = await Promise.all(
    [[], ["--plain"], ["--csv"], ["--jsonl"]].map((form) => cli.run(["stats", "--offline", ...RANGE, ...form])),
  );
  assert.equal(
    piped?.stdout,
    [
      "MODEL\tCOST\tTOKENS\tREQUESTS\tERRORS\tP95",
      "gpt-4o\t3\t3000\t2\t0\t2015.2315",
      "claude-opus-4-5\t0\t\t1\t1\t99.3275",
      "own-model\t\t1500\t1\t0\t1007.6155",
      "total\t3\t4500\t4\t1\t2015.2315",
      "",
    ].join("\n"),
  );
  assert.equal(plain?.stdout, piped.stdout.split("\n").slice(1, 4).join("\n") + "\n");
  assert.equal(csv?.stdout.split("\r\n")[0], "model,cost,total_tokens,requests,errors,duration_p95");
  assert.equal(csv?.stdout.split("\r\n")[3], "own-model,,1500,1,0,1007.6155");
  assert.deepEqual(JSON.parse(jsonl?.stdout.split("\n")[2] ?? ""), {
    model: "own-model",
    cost: null,
    total_tokens: 1500,
    requests: 1,
    errors: 0,
    duration_p95: 1007.6155,
  });
});

test("colors appear on terminals only, and NO_COLOR, TERM=dumb and FORCE_COLOR are honored", async (t) => {
  const cli = cliWithLedger(t);
  const cases: readonly (readonly [isColored: boolean, env: NodeJS.ProcessEnv, wrapper?: readonly string[]])[] = [
    [true, { TERM: "xterm" }, onTerminal],
    [false, { TERM: "xterm", NO_COLOR: "1" }, onTerminal],
    [false, { TERM: "dumb" }, onTerminal],
    [false, { TERM: "xterm", FORCE_COLOR: "0" }, onTerminal],
    [false, { TERM: "xterm" }],
    [true, { FORCE_COLOR: "1", NO_COLOR: "1" }],
  ];
  await Promise.all(
    cases.map(async ([isColored, env, wrapper = []]) => {
      const result = await cli.run(["tail", "--offline", "--no-follow", ...RANGE], { env, wrapper });
      const where = `${JSON.stringify(env)} ${wrapper === onTerminal ? "on a terminal" : "in a pipe"}`;
      const context = `${where}: ${JSON.stringify(result)}`;
      assert.equal(result.code, 0, context);
      assert.match(result.stdout, /gpt-4o/, context);
      assert.equal(result.stdout.includes(ESCAPE), isColored, context);
    }),
  );
});

test("tail prints one line per request, the newest last, without control characters from records", async (t) => {
  const cli = cliWithLedger(t);
  const { stdout } = await cli.run(["tail", "--offline", "--no-follow", ...RANGE], { env: { TZ: "UTC" } });
  assert.deepEqual(stdout.split("\n"), [
    "09:00:00  200  ann             openai/gpt-4o                          1,000      500      $1.00   2.00 s",
    "10:00:00  200  ann             openai/gpt-4o                          1,000      500      $2.00   1.00 s",
    "11:00:00  503  b ]0;ob         anthropic/claude-opus-4-5                  —        —         $0   0.10 s  overloaded_error",
    "12:00:00  200  ann             local/own-model                        1,000      500          —   1.00 s",
    "",
  ]);
  const json = await cli.run(["tail", "-n", "1", "--json", "--offline", "--no-follow", ...RANGE]);
  assert.partialDeepStrictEqual(JSON.parse(json.stdout), { model: "own-model", client_app: "curl" });
});

test("sql runs a read-only query and prints a table, CSV or JSON", async (t) => {
  const cli = cliWithLedger(t);
  const query =
    "SELECT model, count(*) AS n FROM calls WHERE ts >= '2026-11-02' GROUP BY ALL ORDER BY n DESC, model LIMIT 1";
  const [table, csv, json, written, columns] = await Promise.all([
    cli.run(["sql", query]),
    cli.run(["sql", query, "--csv"]),
    cli.run(["sql", "-", "--json"], { input: query }),
    cli.run(["sql", "DELETE FROM calls"]),
    cli.run(["sql", "--columns"]),
  ]);
  assert.equal(table.stdout, "model\tn\ngpt-4o\t2\n");
  assert.equal(csv.stdout, "model,n\r\ngpt-4o,2\r\n");
  assert.deepEqual(JSON.parse(json.stdout), [{ model: "gpt-4o", n: 2 }]);
  assert.deepEqual([written.code, written.stdout], [2, ""]);
  assert.match(columns.stdout, /^cost_usd\t/m);
});

test("an invalid query is a usage error that names the option", async (t) => {
  const cli = cliWithLedger(t);
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [["stats", "--metric", "costs"], /--metric: "costs" is not a metric; did you mean cost\?/],
    [["stats", "--by", "modle"], /--by: unknown dimension "modle"; did you mean model\?/],
    [
      ["stats", "--since", "yesterdy"],
      /^lmgate: Invalid --since "yesterdy"\. Use 7d, 12h, today, 2026-11-23 or 2026-11-23T10:00:00Z\.\n$/,
    ],
    [["stats", "--tz", "Mars/Base"], /--tz: /],
    [["stats", "--filter", "status"], /--filter: /],
    [["stats", "--top", "0"], /--top: /],
    [["export", "--format", "xml"], /Allowed choices are csv, jsonl, parquet/],
    [["tail", "--lines", "many"], /Use a number from 0 to 500/],
    [["stats", "--server", "localhost:8081"], /Invalid --server "localhost:8081"\. Use a URL such as http:/],
    [["statss"], /Did you mean stats\?/],
    [["prices", "override", "openai", "x", "--input", "1"], /use --input and --output/],
  ];
  await Promise.all(
    cases.map(async ([args, message]) => {
      const { code, stdout, stderr } = await cli.run(args);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, message);
    }),
  );
});

test("no requests is no output and success; a missing gateway is exit code 4", async (t) => {
  const cli = cliWithLedger(t);
  const none = await cli.run(["stats", "--offline", "--since", "2020-01-01", "--until", "2020-01-02", "--tz", "UTC"]);
  assert.deepEqual(
    [none.code, none.stdout, none.stderr],
    [0, "", "lmgate: no requests from 2020-01-01 00:00 to 2020-01-02 00:00 (UTC)\n"],
  );
  const unreachable = ["--server", "http://127.0.0.1:9"];
  const lines = [
    ["stats", ...unreachable],
    ["tail", ...unreachable],
    ["reload", ...unreachable],
    ["reload"],
    ["tail", "-n", "0"],
  ];
  const codes = await Promise.all(lines.map(async (args) => (await cli.run(args)).code));
  assert.deepEqual(codes, [4, 4, 4, 4, 4]);
});

test("aliases run their commands", async (t) => {
  const cli = cliFixture(t);
  const names = { usage: "stats", logs: "tail", validate: "check", serve: "start" };
  await Promise.all(
    Object.entries(names).map(async ([alias, name]) => {
      assert.match((await cli.run([alias, "--help"])).stdout, new RegExp(`^Usage: lmgate ${name} `));
    }),
  );
});

/** A fixture with a ledger of five requests on two days. */
function cliWithLedger(t: TestContext): CliFixture {
  const cli = cliFixture(t);
  mkdirSync(cli.path("config"));
  mkdirSync(cli.path("data"));
  // A port without a listener, so that the test finds no running gateway.
  writeFileSync(cli.path("config/lmgate.yaml"), "admin: { port: 9 }\n");
  writeFileSync(cli.path("data/allowlist.csv"), "id,api_key,owner,added\n1,sk-test-figures-0123456789,ann,d\n");
  const records = [
    record("2026-11-01T10:00:00.000Z", { cost_usd: 2 }),
    record("2026-11-02T09:00:00.000Z", { cost_usd: 1, duration_ms: 2000 }),
    record("2026-11-02T10:00:00.000Z", { cost_usd: 2 }),
    record("2026-11-02T11:00:00.000Z", {
      owner: `b${ESCAPE}]0;ob`,
      provider: "anthropic",
      model: "claude-opus-4-5",
      status: 503,
      error_type: "overloaded_error",
      usage_state: "missing",
      usage_reason: "provider_error",
      total_input_tokens: undefined,
      total_output_tokens: undefined,
      total_tokens: undefined,
      input_tokens: null,
      output_tokens: null,
      cost_usd: 0,
      duration_ms: 100,
    }),
    record("2026-11-02T12:00:00.000Z", { provider: "local", model: "own-model", cost_usd: null, cost_source: "none" }),
  ];
  writeFileSync(cli.path("data/stats.jsonl"), records.map((each) => `${JSON.stringify(each)}\n`).join(""));
  return cli;
}

let lastId = 0;

function record(timestamp: string, more: Readonly<Record<string, unknown>>): object {
  lastId++;
  return {
    timestamp,
    lmgate_id: "1",
    provider: "openai",
    endpoint: "/openai/v1/chat/completions",
    model: "gpt-4o",
    status: 200,
    input_tokens: 1000,
    output_tokens: 500,
    masked_key: "456789",
    error_type: null,
    id: `01a20000-0000-7000-8000-${String(lastId).padStart(12, "0")}`,
    schema: 1,
    owner: "ann",
    method: "POST",
    operation: "chat",
    stream: false,
    duration_ms: 1000,
    total_input_tokens: 1000,
    total_output_tokens: 500,
    total_tokens: 1500,
    usage_source: "body",
    usage_state: "final",
    user_agent: "curl/8",
    cost_source: "table",
    ...more,
  };
}
