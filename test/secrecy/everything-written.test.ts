// Sends canary keys in every place to every kind of response, at the debug log level, and then searches everything that the
// gateway wrote or showed. Leaks come from rare paths: LiteLLM logged keys where a budget was exceeded, and in its 429s.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rename, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { startAttackFixture, request, type AttackFixture } from "../attack/attack-fixture.ts";
import { jsonResponse, type RecordedRequest } from "../attack/recording-upstream.ts";
import { getAdmin, sendRaw } from "../attack/raw-exchange.ts";
import {
  ALLOWED,
  ALLOWLIST,
  UPSTREAM_RESPONSES,
  BROKEN_LISTS,
  CANARIES,
  carriers,
  DISABLED,
  EXPIRED,
  FOR_ADMIN,
  MISPLACED,
  MISPLACED_GOOGLE,
  misplacedIn,
  path,
  REJECTED,
  rejectedRequests,
} from "./canaries.ts";
import { eventually } from "../harness/until.ts";
import { findSecret } from "./secret-forms.ts";

let fixture: AttackFixture;
/** Everything that was written or shown, by place. */
const seen = new Map<string, string>();
/** Heads and bodies of LMGate's own responses. */
const ownResponses: string[] = [];

before(async () => {
  fixture = await startAttackFixture({
    allowlist: ALLOWLIST,
    config: {
      logging: { level: "DEBUG" },
      server: { max_body_megabytes: 1 },
      timeouts: { response_head_seconds: 1, connect_seconds: 1 },
      providers: { closed: { upstream: "http://127.0.0.1:1" }, nowhere: { upstream: "http://lmgate.invalid" } },
    },
  });
  await wrongPaths();
  await everyCarrierAndOutcome();
  await misplacedKeys();
  await brokenLists();
  await failingDisk();
  await requestAdminPages();
  await collect();
});
after(async () => {
  fixture.gateway.output();
  await fixture.stop();
});

async function everyCarrierAndOutcome(): Promise<void> {
  for (const key of [...ALLOWED, ...REJECTED, EXPIRED, DISABLED]) {
    for (const [lines, query] of carriers(key)) {
      await send(request("GET", `${path}${query}`, lines));
      await send(request("POST", `/unknown${query}`, `${lines}Content-Length: 2\r\n`, "{}"));
    }
    const auth = `x-api-key: ${key}\r\n`;
    for (const response of Object.values(UPSTREAM_RESPONSES)) {
      fixture.upstream.respond = (socket) => {
        const text = response(key);
        if (text === undefined) socket.resetAndDestroy();
        else if (text.includes("Connection: close")) socket.end(text);
        else socket.write(text);
      };
      await send(
        request("POST", path, `${auth}Content-Type: application/json\r\nContent-Length: 13\r\n`, '{"model":"m"}'),
      );
    }
    fixture.upstream.respond = (socket) => void socket.write(jsonResponse());
    for (const sent of rejectedRequests(auth, key)) await send(sent);
  }
}

/** These come first, because only the first rejections of a second are listed, and all of these must be. */
async function wrongPaths(): Promise<void> {
  for (const key of [MISPLACED, MISPLACED_GOOGLE, REJECTED[2]]) {
    await send(request("GET", `/${key}`));
    await send(request("GET", `/${key}/v1/models`, `Authorization: Bearer ${ALLOWED[0]}\r\n`));
    await send(request("GET", `/v1/${key}`, `x-api-key: ${REJECTED[0]}\r\n`));
  }
  await untilLogged(/"rejected"/g, 9);
}

/** Keys in places that are not for keys. */
async function misplacedKeys(): Promise<void> {
  const auth = `Authorization: Bearer ${ALLOWED[0]}\r\n`;
  fixture.upstream.respond = (socket, recorded: RecordedRequest) =>
    void socket.write(
      jsonResponse({ model: recorded.target.slice(0, 200), usage: { prompt_tokens: 1, completion_tokens: 1 } }),
    );
  for (const key of [MISPLACED, MISPLACED_GOOGLE]) {
    for (const lines of ["", auth]) {
      for (const bytes of misplacedIn(lines, key)) await send(bytes);
    }
  }
}

/** Invalid lists, with keys in and around what is invalid. */
async function brokenLists(): Promise<void> {
  const { gateway } = fixture;
  for (const [n, text] of BROKEN_LISTS.entries()) {
    await writeFile(gateway.allowlistPath, text);
    gateway.signal("SIGHUP");
    await untilLogged(/allow-list checked on SIGHUP/g, n + 1);
  }
  await writeFile(gateway.allowlistPath, ALLOWLIST);
}

/** A directory is in the place of the stats file: records wait, errors are logged, and at last the records are written. */
async function failingDisk(): Promise<void> {
  const { statsPath } = fixture.gateway;
  const ledgerState = async (): Promise<string> =>
    (await sendRaw(fixture.gateway.port, request("GET", "/readyz"))).responses[0]?.text ?? "";
  const until = (what: RegExp): Promise<void> =>
    eventually(`/readyz matches ${what.source}`, async () => what.test(await ledgerState()));
  await fixture.gateway.records(fixture.upstream.seen.requests);
  await rename(statsPath, `${statsPath}.before`);
  await mkdir(statsPath);
  for (const key of ALLOWED) await send(request("GET", `/google/x?key=${encodeURIComponent(key)}`));
  await until(/"ledger":\{"state":"degraded"/);
  await rmdir(statsPath);
  await until(/"ledger":\{"state":"ok"/);
}

async function requestAdminPages(): Promise<void> {
  const { adminPort } = fixture.gateway;
  const requestPage = (target: string, lines: string): Promise<string> =>
    getAdmin(adminPort, target, `Host: localhost\r\n${lines}`);
  const token = (await readFile(join(fixture.gateway.dataDir, "admin-token"), "utf8")).trim();
  for (const target of ["/api/v1/status", "/metrics", `/${FOR_ADMIN}`, `/api/v1/status?token=${FOR_ADMIN}`]) {
    const name = target.replace(FOR_ADMIN, "…");
    seen.set(`admin, wrong token, ${name}`, await requestPage(target, `Authorization: Bearer ${FOR_ADMIN}\r\n`));
    seen.set(`admin, cookie, ${name}`, await requestPage(target, `Cookie: token=${FOR_ADMIN}\r\n`));
    seen.set(`admin ${name}`, await requestPage(target, `Authorization: Bearer ${token}\r\n`));
  }
}

async function collect(): Promise<void> {
  const { gateway } = fixture;
  for (const name of ["cmdline", "environ"])
    seen.set(`/proc ${name}`, await readFile(`/proc/${gateway.pid}/${name}`, "latin1"));
  gateway.signal("SIGTERM");
  await gateway.exited();
  seen.set("stdout", gateway.output().stdout);
  seen.set("stderr", gateway.output().stderr);
  for (const entry of await readdir(gateway.directory, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && file !== gateway.allowlistPath)
      seen.set(file.slice(gateway.directory.length), await readFile(file, "latin1"));
  }
}

/** Sends a request and keeps LMGate's own responses. An upstream may name the key; its responses are forwarded unchanged. */
async function send(rawRequest: string): Promise<void> {
  const { responses } = await sendRaw(fixture.gateway.port, rawRequest);
  for (const { startLine, lines, text } of responses) {
    if (lines.some((line) => line.startsWith("x-lmgate-error:")))
      ownResponses.push([startLine, ...lines, text].join("\n"));
  }
}

async function untilLogged(what: RegExp, count: number): Promise<void> {
  const times = (): number => (fixture.gateway.output().stdout.match(what) ?? []).length;
  await eventually(`the log has ${what.source} ${count} times`, () => times() >= count);
}

function stats(): string {
  return `${seen.get("/data/stats.jsonl.before")}${seen.get("/data/stats.jsonl")}`;
}

function assertNothingIn(where: string, text: string): void {
  const found = CANARIES.flatMap((canary) =>
    findSecret(text, canary).map(({ form, around }) => `${canary.slice(0, 14)}… ${form}: ${around}`),
  );
  assert.deepEqual(found, [], where);
}

test("S25, S27: the log contains no canary in any form, at the debug level", () => {
  const log = seen.get("stdout") ?? "";
  assert.match(log, /"rejected"/);
  assert.match(log, /the last valid one stays in force/);
  assert.match(log, /records are kept in memory/);
  assertNothingIn("stdout", log);
  assertNothingIn("stderr", seen.get("stderr") ?? "");
});

test("S25, S26: no file that the gateway wrote contains a canary", () => {
  const files = [...seen].filter(([where]) => where.startsWith("/data") || where.startsWith("/lmgate"));
  assert.ok(files.some(([where]) => where.endsWith("stats.jsonl")));
  for (const [where, text] of files) assertNothingIn(where, text);
});

test("S25: the metrics, the status and every other page of the admin listener contain no canary", () => {
  const pages = [...seen].filter(([where]) => where.startsWith("admin"));
  assert.match(seen.get("admin /metrics") ?? "", /^lmgate_/m);
  assert.match(seen.get("admin /api/v1/status") ?? "", /"refusals":\[\{/);
  for (const [where, text] of pages) assertNothingIn(where, text);
});

test("S25: the command line and the environment of the process contain no canary", () => {
  for (const where of ["/proc cmdline", "/proc environ"]) {
    assert.notEqual(seen.get(where) ?? "", "");
    assertNothingIn(where, seen.get(where) ?? "");
  }
});

test("S21, S28: LMGate's own responses name no key, no owner, no upstream and no place in the code", () => {
  assert.ok(ownResponses.length > 300);
  for (const received of ownResponses) {
    assertNothingIn("a response", received);
    assert.doesNotMatch(received, /Canary Owners|k-\d|127\.0\.0\.1|\.ts\b|at .*:\d+:\d+|allowlist/i);
  }
});

test("S26: a record's endpoint is the path without its query, and what looks like a key is redacted in every name", () => {
  const lines = stats().trim().split("\n");
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const { endpoint } of records) assert.doesNotMatch(String(endpoint), /[?]/);
  const endpoints = new Set(records.map(({ endpoint }) => endpoint));
  assert.ok(endpoints.has("/openai/[redacted]/v1/models"), [...endpoints].join(" "));
  assert.ok(endpoints.has("/openai/v1/models/[redacted]"));
  assert.ok(records.some(({ user_agent: agent }) => agent === "curl/8 [redacted]"));
  assert.ok(records.some(({ model }) => model === "[redacted]"));
});

test("S25: only the last six characters of a key are shown, and nothing of a short one", () => {
  const masks = new Set(
    [...stats().matchAll(/"masked_key":("(?:[^"\\]|\\.)*")/g)].map(([, mask = '""']) => JSON.parse(mask) as string),
  );
  assert.deepEqual([...masks].toSorted(), ALLOWED.map((key) => key.slice(-6)).toSorted());
});
