// stats, tail, export and sql: what people see on a terminal, what programs get in a pipe, and how they end.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { onTerminal, workplace, type Place } from "./run-lmgate.ts";

const RANGE = ["--since", "2026-11-02", "--until", "2026-11-03", "--tz", "UTC"];
const ESCAPE = "\u001b";

test("stats on a terminal is an aligned table with shares, changes, totals and what it does not cover", async (t) => {
  const place = ledgerPlace(t);
  const { code, stdout } = await place.run(["stats", "--offline", ...RANGE], {
    wrapper: onTerminal,
    env: { NO_COLOR: "1" },
  });
  assert.equal(code, 0, stdout);
  // UsageReading for longer shows a bar first, which goes.
  assert.deepEqual(stdout.replace(/^\r.*\r/, "").split("\r\n"), [
    "MODEL             COST  TOKENS  CALLS  ERRORS    P95  SHARE                 Δ",
    "gpt-4o           $3.00   3,000      2       0  2.0 s  ██████████ 100 %  +50 %",
    "claude-opus-4-5     $0       —      1       1  99 ms               0 %",
    "own-model            —   1,500      1       0  1.0 s",
    "-----------------------------------------------------------------------------",
    "total            $3.00   4,500      4       1  2.0 s                    +50 %",
    "",
    "2026-11-02 00:00 to 2026-11-03 00:00 (UTC) · usage known for 75.0 % of 4 calls · cost estimated from list prices, 1 model without a price (lmgate prices unpriced)",
    "",
  ]);
});

test("in a pipe the same rows are parted by tabs, exact, and without decoration", async (t) => {
  const place = ledgerPlace(t);
  const [piped, plain, csv, jsonl] = await Promise.all(
    [[], ["--plain"], ["--csv"], ["--jsonl"]].map((form) => place.run(["stats", "--offline", ...RANGE, ...form])),
  );
  assert.equal(
    piped?.stdout,
    [
      "MODEL\tCOST\tTOKENS\tCALLS\tERRORS\tP95",
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

test("colors are for terminals that want them: NO_COLOR, TERM=dumb and FORCE_COLOR are heeded", async (t) => {
  const place = ledgerPlace(t);
  const painted = async (env: NodeJS.ProcessEnv, wrapper: readonly string[] = []): Promise<boolean> => {
    const { stdout } = await place.run(["tail", "--offline", "--no-follow", ...RANGE], { env, wrapper });
    assert.match(stdout, /gpt-4o/);
    return stdout.includes(ESCAPE);
  };
  assert.deepEqual(
    await Promise.all([
      painted({ TERM: "xterm" }, onTerminal),
      painted({ TERM: "xterm", NO_COLOR: "1" }, onTerminal),
      painted({ TERM: "dumb" }, onTerminal),
      painted({ TERM: "xterm", FORCE_COLOR: "0" }, onTerminal),
      painted({}),
      painted({ FORCE_COLOR: "1", NO_COLOR: "1" }),
    ]),
    [true, false, false, false, false, true],
  );
});

test("tail prints a line a call, the newest last, and nothing a record holds reaches the terminal as a command", async (t) => {
  const place = ledgerPlace(t);
  const { stdout } = await place.run(["tail", "--offline", "--no-follow", ...RANGE], { env: { TZ: "UTC" } });
  assert.deepEqual(stdout.split("\n"), [
    "09:00:00  200  ann             openai/gpt-4o                          1,000      500      $1.00   2.00 s",
    "10:00:00  200  ann             openai/gpt-4o                          1,000      500      $2.00   1.00 s",
    "11:00:00  503  b ]0;ob         anthropic/claude-opus-4-5                  —        —         $0   0.10 s  overloaded_error",
    "12:00:00  200  ann             local/own-model                        1,000      500          —   1.00 s",
    "",
  ]);
  const json = await place.run(["tail", "-n", "1", "--json", "--offline", "--no-follow", ...RANGE]);
  assert.partialDeepStrictEqual(JSON.parse(json.stdout), { model: "own-model", client_app: "curl" });
});

test("sql answers over calls, in a table, CSV or JSON, and reads only", async (t) => {
  const place = ledgerPlace(t);
  const query =
    "SELECT model, count(*) AS n FROM calls WHERE ts >= '2026-11-02' GROUP BY ALL ORDER BY n DESC, model LIMIT 1";
  const [table, csv, json, written, columns] = await Promise.all([
    place.run(["sql", query]),
    place.run(["sql", query, "--csv"]),
    place.run(["sql", "-", "--json"], { input: query }),
    place.run(["sql", "DELETE FROM calls"]),
    place.run(["sql", "--columns"]),
  ]);
  assert.equal(table.stdout, "model\tn\ngpt-4o\t2\n");
  assert.equal(csv.stdout, "model,n\r\ngpt-4o,2\r\n");
  assert.deepEqual(JSON.parse(json.stdout), [{ model: "gpt-4o", n: 2 }]);
  assert.deepEqual([written.code, written.stdout], [2, ""]);
  assert.match(columns.stdout, /^cost_usd\t/m);
});

test("what is wrong with a question is a usage error that names the option", async (t) => {
  const place = ledgerPlace(t);
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [["stats", "--metric", "costs"], /--metric: "costs" is no metric; did you mean cost\?/],
    [["stats", "--by", "modle"], /--by: "modle" is no dimension; did you mean model\?/],
    [["stats", "--tz", "Mars/Base"], /--tz: /],
    [["stats", "--filter", "status"], /--filter: /],
    [["stats", "--top", "0"], /--top: /],
    [["export", "--format", "xml"], /Allowed choices are csv, jsonl, parquet/],
    [["tail", "--lines", "many"], /Allowed are 0 to 500/],
    [["stats", "--server", "localhost:8081"], /--server: as in http:/],
    [["statss"], /Did you mean stats\?/],
    [["prices", "override", "openai", "x", "--input", "1"], /give --input and --output/],
  ];
  await Promise.all(
    cases.map(async ([args, message]) => {
      const { code, stdout, stderr } = await place.run(args);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, message);
    }),
  );
});

test("no calls is no output and no failure; no gateway where one is needed is exit code 4", async (t) => {
  const place = ledgerPlace(t);
  const none = await place.run(["stats", "--offline", "--since", "2020-01-01", "--until", "2020-01-02", "--tz", "UTC"]);
  assert.deepEqual(
    [none.code, none.stdout, none.stderr],
    [0, "", "lmgate: no calls from 2020-01-01 00:00 to 2020-01-02 00:00 (UTC)\n"],
  );
  const gone = ["--server", "http://127.0.0.1:9"];
  const lines = [["stats", ...gone], ["tail", ...gone], ["reload", ...gone], ["reload"], ["tail", "-n", "0"]];
  const codes = await Promise.all(lines.map(async (args) => (await place.run(args)).code));
  assert.deepEqual(codes, [4, 4, 4, 4, 4]);
});

test("the other names of commands are understood", async (t) => {
  const place = workplace(t);
  const names = { usage: "stats", logs: "tail", validate: "check", serve: "start" };
  await Promise.all(
    Object.entries(names).map(async ([other, name]) => {
      assert.match((await place.run([other, "--help"])).stdout, new RegExp(`^Usage: lmgate ${name} `));
    }),
  );
});

/** Six calls of two days, with a configuration that says nothing of interest. */
function ledgerPlace(t: TestContext): Place {
  const place = workplace(t);
  mkdirSync(place.path("config"));
  mkdirSync(place.path("data"));
  // A port that nobody listens on, so that no gateway of this machine answers.
  writeFileSync(place.path("config/lmgate.yaml"), "admin: { port: 9 }\n");
  writeFileSync(place.path("data/allowlist.csv"), "id,api_key,owner,added\n1,sk-test-figures-0123456789,ann,d\n");
  const calls = [
    call("2026-11-01T10:00:00.000Z", { cost_usd: 2 }),
    call("2026-11-02T09:00:00.000Z", { cost_usd: 1, duration_ms: 2000 }),
    call("2026-11-02T10:00:00.000Z", { cost_usd: 2 }),
    call("2026-11-02T11:00:00.000Z", {
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
    call("2026-11-02T12:00:00.000Z", { provider: "local", model: "own-model", cost_usd: null, cost_source: "none" }),
  ];
  writeFileSync(place.path("data/stats.jsonl"), calls.map((each) => `${JSON.stringify(each)}\n`).join(""));
  return place;
}

let lastCall = 0;

function call(timestamp: string, more: Readonly<Record<string, unknown>>): object {
  lastCall++;
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
    id: `01a20000-0000-7000-8000-${String(lastCall).padStart(12, "0")}`,
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
