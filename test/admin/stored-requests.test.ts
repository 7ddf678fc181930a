// Queries the store through the API, with a month of records: pages, exports, prices, and a store that is down.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { QueryResponse, RequestRow, PriceRow, RequestsPage, SystemInfo } from "../../src/admin/api/contract.ts";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { startChildGateway, withoutGatewaySettings } from "../../src/demo/child-gateway.ts";
import { testKey } from "../harness/gateway.ts";
import { askAt, requestWith, startApiGateway, type ApiGateway } from "./api-gateway.ts";
import { bearer, start, token } from "./start.ts";

const RECORDS = 3000;
const WIDE = "from=-40d";

let api: ApiGateway;
let records: readonly RequestRecord[];
before(async () => {
  api = await startApiGateway({ records: RECORDS });
  records = api.history.map((line) => {
    // The store keeps what a record says, not the version of its form.
    const { schema: _schema, ...record } = JSON.parse(line) as RequestRecord; // as: the history's own
    return record;
  });
});
after(() => api.stop());

test("every request is on exactly one page, newest first, and found by its id", async () => {
  const ids: string[] = [];
  let cursor: string | null = "";
  let pages = 0;
  while (cursor !== null) {
    const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await api.ask("GET", `/requests?${WIDE}&limit=500${query}`);
    assert.equal(status, 200);
    const page = body as RequestsPage;
    ids.push(...page.rows.map(({ id }) => id));
    ({ cursor } = page);
    pages++;
  }
  assert.equal(pages, RECORDS / 500);
  assert.deepEqual(ids, records.map(({ id }) => id).toReversed());
  const [id = ""] = ids;
  assert.deepEqual((await api.ask("GET", `/requests/${id}`)).body, records.at(-1));
  assert.equal((await api.ask("GET", "/requests/00000000-0000-7000-8000-000000000000")).status, 404);
});

test("filters apply to requests and sums alike", async () => {
  const wanted = records.filter(({ owner, status }) => owner === records[0]?.owner && (status ?? 0) >= 400);
  const filters = `filter=${encodeURIComponent(`owner=${records[0]?.owner}`)}&filter=${encodeURIComponent("status>=400")}`;
  const { body } = await api.ask("GET", `/usage?${WIDE}&bucket=none&metric=requests&${filters}`);
  assert.equal((body as QueryResponse).totals.total.requests, wanted.length);
  const page = (await api.ask("GET", `/requests?${WIDE}&limit=500&${filters}`)).body as RequestsPage;
  assert.deepEqual(
    page.rows.map(({ id }) => id),
    wanted
      .map(({ id }) => id)
      .toReversed()
      .slice(0, 500),
  );
});

test("all errors of a query are reported at once, each with its parameter", async () => {
  const { status, body, headers } = await api.ask(
    "GET",
    "/usage?from=soon&metric=costs&filter=modle%3Dx&bukcet=1h&limit=0",
  );
  assert.equal(status, 400);
  assert.equal(headers.get("content-type"), "application/problem+json");
  const { errors } = body as { errors: readonly { where: string; message: string }[] };
  for (const where of ["metric", "filter", "bukcet", "limit"]) {
    assert.ok(
      errors.some((each) => each.where === where),
      `${where} in ${JSON.stringify(errors)}`,
    );
  }
  assert.match(JSON.stringify(errors), /did you mean bucket/);
});

test("an export contains every record completely, as a file", async () => {
  const { text, headers } = await api.ask("GET", `/export.jsonl?${WIDE}`);
  const lines = text.trimEnd().split("\n");
  assert.equal(lines.length, RECORDS);
  const byId = new Map(records.map((record) => [record.id, record]));
  for (const line of lines) {
    const row = JSON.parse(line) as RequestRecord; // as: checked here
    assert.deepEqual(row, byId.get(row.id));
  }
  assert.equal(headers.get("content-disposition"), 'attachment; filename="lmgate-calls.jsonl"');
  const csv = await api.ask("GET", `/export.csv?${WIDE}&bom=1`);
  assert.match(csv.headers.get("content-type") ?? "", /^text\/csv; charset=utf-8/);
  assert.equal(csv.text.split("\r\n").length, RECORDS + 2);
  const parquet = await api.ask("GET", `/export.parquet?${WIDE}`);
  assert.equal(parquet.text.slice(0, 4), "PAR1");
  assert.equal((await api.ask("GET", "/export.csv?what=everything")).status, 400);
});

test("S56: a cell that a spreadsheet would run as a formula is exported as text", async () => {
  const models = ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "a;b", 'a"b', "a,b", "\ttab", "\rreturn"];
  for (const model of models) assert.equal(await api.call(testKey.key, model), 200);
  await api.gateway.records(models.length);
  const { text } = await api.ask("GET", "/export.csv?from=-1h&filter=owner%3Dtests");
  for (const cell of [`'=1+1`, `'+cmd|' /C calc'!A0`, `'-2`, `'@SUM(A1)`, '"a;b"', '"a""b"', '"a,b"']) {
    assert.ok(text.includes(`,${cell},`), `${cell} in ${text.slice(0, 400)}`);
  }
  assert.doesNotMatch(text, /(?:^|,)"?[=+@\t](?!,)/m);
});

test("S57: text from a client stays on one line in ledger, export and audit log", async () => {
  const forged = '{"id":"forged"}';
  const model = `x\n${forged}\n\u001b]0;title\u0007`;
  assert.equal(await api.call(testKey.key, model), 200);
  await api.gateway.records(10);
  for (const text of [readFileSync(api.gateway.statsPath, "utf8"), (await api.ask("GET", "/export.jsonl")).text]) {
    assert.ok(!text.split("\n").includes(forged));
    assert.doesNotMatch(text, /(?!\n)\p{Cc}/u);
  }
  await api.ask("PUT", `/prices/overrides/openai/${encodeURIComponent(model)}`, { input: 1, output: 1 });
  for (const line of readFileSync(join(api.gateway.dataDir, "audit.jsonl"), "utf8").trimEnd().split("\n")) {
    assert.equal(typeof (JSON.parse(line) as { action: string }).action, "string");
  }
  await api.ask("DELETE", `/prices/overrides/openai/${encodeURIComponent(model)}`);
});

test("an own price applies to the next request, can be removed, and survives a restart", async () => {
  const model = "vendor/own-model 50%";
  const path = `/prices/overrides/openai/${encodeURIComponent(model)}`;
  const before = await costOf(model);
  assert.equal(before, null);
  const unpriced = (await api.ask("GET", "/prices/unpriced?from=-1h")).body as readonly { model: string }[];
  assert.ok(unpriced.some((each) => each.model === model));
  // The price's date is that of its file, which the kernel takes from a coarser clock.
  const putAt = Date.now() - 1_000;
  const put = await api.ask("PUT", path, { input: 1.5, output: 2, cacheRead: 0.1 });
  assert.equal(put.status, 200, put.text);
  const row = (put.body as readonly PriceRow[]).find((each) => each.model === model);
  assert.partialDeepStrictEqual(row, { provider: "openai", source: "override", input: 1.5, output: 2, cacheRead: 0.1 });
  const asOf = Date.parse(row?.asOf ?? "");
  assert.ok(asOf >= putAt && asOf <= Date.now(), row?.asOf);
  assert.equal(await costOf(model), 3.5);
  const again = await startAgain();
  try {
    assert.equal(
      (await askAt(again.admin, api.token, { method: "GET", path: "/prices?search=OWN-model" })).text.includes(model),
      true,
    );
    const call = await requestWith(again.address, testKey.key, model);
    assert.equal(call, 200);
    const page = await askAt(again.admin, api.token, { method: "GET", path: "/requests?limit=1" });
    assert.equal((page.body as RequestsPage).rows[0]?.cost_usd, 3.5);
  } finally {
    again.child.kill("SIGTERM");
    await again.exited;
  }
  assert.equal((await api.ask("DELETE", path)).status, 200);
  assert.equal((await api.ask("DELETE", path)).status, 404);
  assert.equal(await costOf(model), null);
  assert.equal((await api.ask("PUT", "/prices/overrides/nowhere/x", { input: 1, output: 1 })).status, 404);
  assert.equal((await api.ask("PUT", path, { input: -1, output: 1 })).status, 422);
});

test("the system route returns settings, store, checks and licenses, and no secret", async () => {
  await api.ask("GET", "/usage");
  const { body, text } = await api.ask("GET", "/system");
  const { settings, store, checks, licenses } = body as SystemInfo;
  assert.ok(settings.some(({ path, source }) => path === "server.workers" && source.length > 0));
  assert.equal(store?.state, "ready");
  assert.ok(store.records >= RECORDS);
  assert.ok(checks.length > 4 && licenses.some(({ name }) => name === "hono"));
  assert.ok(!text.includes(api.token) && !text.includes(testKey.key));
});

test("a killed store gives 503 to waiting queries, serves the next one, and never ends a part of an export as if it were whole", async () => {
  const controller = new AbortController();
  const exporting = fetch(`${api.gateway.adminUrl}/api/v1/export.jsonl?${WIDE}`, {
    headers: { authorization: `Bearer ${api.token}` },
    signal: controller.signal,
  });
  const reader = (await exporting).body?.getReader();
  const first = await reader?.read();
  const asked = Array.from({ length: 3 }, (_, n) => api.ask("GET", `/usage?${WIDE}&group_by=model&limit=${n + 1}`));
  process.kill(storePid(api.gateway.pid), "SIGKILL");
  for (const { status, body } of await Promise.all(asked)) {
    assert.ok(status === 200 || status === 503, String(status));
    if (status === 503) assert.match((body as { detail: string }).detail, /Proxied requests are not affected/);
  }
  const rest = await restOf(reader).catch(() => "cut off");
  // A small export may be complete before the kill; one that is not complete must not look as if it were.
  const lines = Buffer.from(first?.value ?? []).toString() + rest;
  if (rest !== "cut off")
    assert.ok(lines.trimEnd().split("\n").length >= RECORDS, "an incomplete export ended normally");
  assert.equal(await api.call(testKey.key), 200);
  const back = await api.ask("GET", `/usage?${WIDE}&bucket=none`);
  assert.equal(back.status, 200, back.text);
});

test("with the store disabled, routes that need it give 503 with the reason, and all others work", async (t) => {
  const { url } = await start(t);
  const ask = (path: string): Promise<Response> => fetch(url(`/api/v1${path}`), { headers: bearer(token) });
  for (const path of ["/usage", "/requests", "/requests/x", "/dimensions/model", "/nearest", "/export.csv"]) {
    const response = await ask(path);
    assert.equal(response.status, 503, path);
    assert.match(await response.text(), /Set store\.enabled to true/);
  }
  for (const path of ["/prices", "/providers", "/system", "/status"]) assert.equal((await ask(path)).status, 200, path);
});

async function restOf(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<string> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = await reader?.read();
    if (piece?.value === undefined) return Buffer.concat(pieces).toString();
    pieces.push(piece.value);
  }
}

/** Sends a request and returns its record once it is written. */
async function costOf(model: string): Promise<number | null | undefined> {
  const known = (await newest(model))?.id;
  assert.equal(await api.call(testKey.key, model), 200);
  for (;;) {
    const row = await newest(model);
    if (row !== undefined && row.id !== known) return row.cost_usd;
  }
}

async function newest(model: string): Promise<RequestRow | undefined> {
  const filter = encodeURIComponent(`model=${model}`);
  return ((await api.ask("GET", `/requests?limit=1&filter=${filter}`)).body as RequestsPage).rows[0];
}

/** A second gateway with the same allow-list and prices, and a ledger of its own: as after a restart. */
function startAgain(): ReturnType<typeof startChildGateway> {
  const { directory } = api.gateway;
  const env = { ...withoutGatewaySettings(process.env), LMGATE_STATS__OUTPUT_PATH: "again/stats.jsonl" };
  return startChildGateway({
    configPath: join(directory, "lmgate.yaml"),
    cwd: directory,
    env: { ...env, LMGATE_STORE__PATH: "again/store" },
  });
}

function storePid(parent: number): number {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ");
  const pid = Number(children[0]);
  assert.ok(pid > 0, "the store has no process");
  return pid;
}
