// Manages keys through the admin API of a running gateway with two data workers. A change is in force when it is confirmed.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { KeyRow, KeysChanged, KeysImport } from "../../src/admin/api/contract.ts";
import { testKey } from "../harness/gateway.ts";
import { startApiGateway, type ApiGateway } from "./api-gateway.ts";

const startedAt = Date.now();
let api: ApiGateway;
before(async () => {
  api = await startApiGateway({ config: { store: { enabled: false } } });
});
after(() => api.stop());

const KEY = "sk-proj-given-0123456789abcdef";

test("a generated key admits the next request, is in one response only, and is stored as its digest", async () => {
  const { status, body } = await api.ask("POST", "/keys", { owner: "ann", columns: { label: "laptop" } });
  assert.equal(status, 200);
  const { secret = "", acknowledgedBy, keys } = body as KeysChanged;
  assert.match(secret, /^lmg_[A-Za-z0-9_-]{43}$/);
  assert.equal(acknowledgedBy, 2);
  assert.deepEqual(await fourRequests(secret), [200, 200, 200, 200]);
  assert.partialDeepStrictEqual(keys.at(-1), { owner: "ann", state: "active", columns: { label: "laptop" } });
  const list = await api.ask("GET", "/keys");
  for (const text of [list.text, readFileSync(api.gateway.allowlistPath, "utf8"), audit()]) {
    assert.ok(!text.includes(secret));
  }
});

test("adding, disabling, enabling, expiring and revoking a key each apply to the next request", async () => {
  assert.deepEqual(await fourRequests(KEY), [403, 403, 403, 403]);
  const added = await api.ask("POST", "/keys", { owner: "ann", id: "given/1 %", apiKey: KEY });
  assert.equal(added.status, 200);
  assert.equal((added.body as KeysChanged).secret, undefined);
  assert.deepEqual(await fourRequests(KEY), [200, 200, 200, 200]);
  const path = `/keys/${encodeURIComponent("given/1 %")}`;
  for (const [change, status] of [
    [{ disabled: true }, 403],
    [{ disabled: false }, 200],
    [{ expiresAt: "2020-01-01" }, 403],
    [{ expiresAt: null, owner: "bob" }, 200],
  ] as const) {
    assert.equal((await api.ask("PATCH", path, change)).status, 200);
    assert.deepEqual(await fourRequests(KEY), new Array<number>(4).fill(status), JSON.stringify(change));
  }
  assert.equal(rowOf((await api.ask("GET", "/keys")).body, "given/1 %")?.owner, "bob");
  assert.equal((await api.ask("DELETE", path)).status, 200);
  assert.deepEqual(await fourRequests(KEY), [403, 403, 403, 403]);
  assert.equal((await api.ask("DELETE", path)).status, 404);
});

test("a rotated key works until its grace period ends, and the new key inherits its expiry", async () => {
  const end = "2099-12-31T00:00:00.000Z";
  await api.ask("POST", "/keys", { owner: "eve", id: "turning", apiKey: `${KEY}-old`, expiresAt: end });
  const rotated = await api.ask("POST", "/keys/turning/rotate", { graceSeconds: 3600 });
  const { secret = "", keys } = rotated.body as KeysChanged;
  assert.deepEqual([await api.call(`${KEY}-old`), await api.call(secret)], [200, 200]);
  const [old, fresh] = keys.filter(({ id }) => id === "turning");
  assert.ok(old?.expiresAt && Date.parse(old.expiresAt) - Date.now() < 3_600_000);
  assert.equal(fresh?.expiresAt, end);
  assert.equal((await api.ask("PATCH", "/keys/turning", { expiresAt: null })).status, 200);
  const ends = rowsOf((await api.ask("GET", "/keys")).body).flatMap(({ id, expiresAt }) =>
    id === "turning" ? [expiresAt] : [],
  );
  assert.deepEqual(ends, [old.expiresAt, null], "a key that was exchanged came back");
  const again = await api.ask("POST", "/keys/turning/rotate", { graceSeconds: 0, apiKey: `${KEY}-new` });
  assert.equal((again.body as KeysChanged).secret, undefined);
  assert.deepEqual([await api.call(secret), await api.call(`${KEY}-new`)], [403, 200]);
});

test("an import is previewed first and then applied completely or not at all", async () => {
  const before = readFileSync(api.gateway.allowlistPath, "utf8");
  const rows = [
    "imp-1,sk-proj-import-1-0123456789,ann,2026-11-01,red",
    "imp-2,sk-proj-import-2-0123456789,bob,2026-11-01,",
    `${testKey.id},${testKey.key},someone else,2026-11-01,`,
  ];
  const csv = `id,api_key,owner,added,team\n${rows.join("\n")}\n`;
  const plan = { added: ["imp-1", "imp-2"], changed: [testKey.id], unchanged: [], refused: [] };
  const dry = await api.ask("POST", "/keys/import", { csv, dryRun: true });
  assert.deepEqual(dry.body, { dryRun: true, ...plan });
  assert.equal(readFileSync(api.gateway.allowlistPath, "utf8"), before);
  assert.equal(await api.call("sk-proj-import-1-0123456789"), 403);
  const made = await api.ask("POST", "/keys/import", { csv, dryRun: false });
  assert.deepEqual(made.body, { dryRun: false, ...plan });
  assert.deepEqual(await fourRequests("sk-proj-import-1-0123456789"), [200, 200, 200, 200]);
  const again = await api.ask("POST", "/keys/import", { csv, dryRun: true });
  assert.deepEqual((again.body as KeysImport).unchanged, ["imp-1", "imp-2", testKey.id]);
  const clash = `id,api_key,owner,added\nimp-3,sk-proj-import-3-0123456789,x,d\nother,${testKey.key},x,d\n`;
  const refused = (await api.ask("POST", "/keys/import", { csv: clash, dryRun: false })).body as KeysImport;
  assert.deepEqual(refused.refused, [{ line: 3, message: `this key exists already, under the id ${testKey.id}` }]);
  assert.equal(refused.dryRun, true);
  assert.equal(await api.call("sk-proj-import-3-0123456789"), 403);
});

test("a thousand rows are imported in one pass", async () => {
  const rows = Array.from({ length: 1000 }, (_, n) => `many-${n},sk-proj-many-${n}-0123456789,many,2026-11-01`);
  const csv = `id,api_key,owner,added\n${rows.join("\n")}\n`;
  const made = await api.ask("POST", "/keys/import", { csv, dryRun: false });
  assert.equal((made.body as KeysImport).added.length, 1000);
  assert.equal(await api.call("sk-proj-many-999-0123456789"), 200);
});

test("S57: an invalid change is rejected with its place, and nothing is written", async () => {
  const before = readFileSync(api.gateway.allowlistPath, "utf8");
  const refusals: readonly (readonly [body: object, status: number, where: string])[] = [
    [{ owner: 'x\n99,sk-proj-forged-0123456789,eve,"' }, 422, "owner"],
    [{ owner: "x", id: "a\u001b]0;b" }, 422, "id"],
    [{ owner: "x", apiKey: "with space in it 0123456789" }, 422, "key"],
    [{ owner: "x", apiKey: testKey.key }, 409, "key"],
    [{ owner: "x", id: testKey.id }, 409, "id"],
    [{ owner: "x", expiresAt: "soon" }, 422, "expires"],
    [{ owner: "x", expiresAt: "2020-01-01" }, 422, "expires"],
    [{ owner: "x", columns: { rpm: "5" } }, 422, "rpm"],
    [{ owner: "x", columns: { label: "a\r\nb" } }, 422, "columns.label"],
  ];
  for (const [body, status, where] of refusals) {
    const response = await api.ask("POST", "/keys", body);
    assert.equal(response.status, status, `${JSON.stringify(body)} ${response.text}`);
    assert.partialDeepStrictEqual(response.body, { errors: [{ where }] });
    assert.ok(!response.text.includes(testKey.key));
  }
  assert.equal((await api.ask("PATCH", `/keys/${testKey.id}`, {})).status, 422);
  assert.equal((await api.ask("PATCH", "/keys/unknown", { disabled: true })).status, 404);
  assert.equal((await api.ask("POST", "/keys/unknown/rotate", { graceSeconds: 0 })).status, 404);
  assert.equal(readFileSync(api.gateway.allowlistPath, "utf8"), before);
});

test("each change is a line in audit.jsonl with author, action and target, and without the key", () => {
  const lines = audit()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>); // as: our own
  assert.deepEqual(
    lines.map(({ action }) => action),
    [
      "key.added",
      "key.added",
      "key.disabled",
      "key.enabled",
      "key.changed",
      "key.changed",
      "key.revoked",
      "key.added",
      "key.rotated",
      "key.changed",
      "key.rotated",
      "keys.imported",
      "keys.imported",
    ],
  );
  for (const line of lines) {
    assert.deepEqual([line["client"], line["by"]], ["127.0.0.1", "token"]);
    const timestamp = Date.parse(String(line["timestamp"]));
    assert.ok(timestamp >= startedAt && timestamp <= Date.now(), String(line["timestamp"]));
  }
  assert.partialDeepStrictEqual(lines[1], { target: "given/1 %", details: { owner: "ann", made: false } });
  assert.partialDeepStrictEqual(lines[8], { target: "turning", details: { graceSeconds: 3600, made: true } });
  assert.doesNotMatch(audit(), /sk-proj|lmg_|sha256/);
});

test("concurrent changes are all applied", async () => {
  const responses = await Promise.all(
    Array.from({ length: 8 }, (_, n) => api.ask("POST", "/keys", { owner: "same", id: `same-${n}` })),
  );
  assert.deepEqual(
    responses.map(({ status }) => status),
    new Array<number>(8).fill(200),
  );
  const secrets = responses.map(({ body }) => (body as KeysChanged).secret ?? "");
  assert.deepEqual(await Promise.all(secrets.map((secret) => api.call(secret))), new Array<number>(8).fill(200));
});

test("an invalid list is reported with its issues; keys of the last good list still work", async () => {
  const good = readFileSync(api.gateway.allowlistPath, "utf8");
  writeFileSync(api.gateway.allowlistPath, "id,api_key,owner\nx,y,z\n");
  try {
    for (const [method, path, body] of [
      ["GET", "/keys", undefined],
      ["POST", "/keys", { owner: "x" }],
      ["POST", "/reload", undefined],
    ] as const) {
      const response = await api.ask(method, path, body);
      assert.equal(response.status, 409, path);
      assert.match(response.text, /required column is missing/);
    }
    assert.equal(await api.call(testKey.key), 200);
  } finally {
    writeFileSync(api.gateway.allowlistPath, good);
  }
  const reloaded = await api.ask("POST", "/reload");
  assert.partialDeepStrictEqual(reloaded.body, { acknowledgedBy: 2 });
});

test("S62: an unknown, a disabled, an expired and a missing key are rejected with the same response", async () => {
  await api.ask("POST", "/keys", { owner: "x", id: "shut", apiKey: `${KEY}-shut` });
  await api.ask("PATCH", "/keys/shut", { disabled: true });
  await api.ask("POST", "/keys", { owner: "x", id: "ended", apiKey: `${KEY}-ended` });
  await api.ask("PATCH", "/keys/ended", { expiresAt: "2020-01-01" });
  const responses = await Promise.all(
    [`${KEY}-unknown`, `${KEY}-shut`, `${KEY}-ended`, undefined].flatMap((key) =>
      ["/openai/v1/models", "/no-such-provider/v1/models"].map(async (path) => {
        const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
        const response = await fetch(`${api.gateway.url}${path}`, { headers });
        const shown = [...response.headers].filter(([name]) => name !== "date");
        return JSON.stringify([response.status, shown, await response.text()]);
      }),
    ),
  );
  assert.equal(new Set(responses).size, 1, responses.join("\n"));
  assert.match(responses[0] ?? "", /^\[403,/);
});

test("S51: the admin token opens nothing on the client port", async () => {
  for (const headers of [{ authorization: `Bearer ${api.token}` }, { "x-lmgate-key": api.token }]) {
    assert.equal((await fetch(`${api.gateway.url}/openai/v1/models`, { headers })).status, 403);
  }
});

function fourRequests(key: string): Promise<number[]> {
  return Promise.all(Array.from({ length: 4 }, () => api.call(key)));
}

function audit(): string {
  return readFileSync(join(api.gateway.dataDir, "audit.jsonl"), "utf8");
}

function rowsOf(body: unknown): readonly KeyRow[] {
  return body as readonly KeyRow[];
}

function rowOf(body: unknown, id: string): KeyRow | undefined {
  return rowsOf(body).find((row) => row.id === id);
}
