// A restart whose ledger is still locked by a process that cannot be seen: that of another container or machine.
import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { startGateway, testKey, type Gateway, type GatewayOptions } from "../harness/gateway.ts";
import { startRawUpstream, type RawUpstream } from "../harness/raw-upstream.ts";
import { eventually } from "../harness/until.ts";
import { unlessWorks } from "./fixture.ts";

const CONTAINER = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"];
const BODY = '{"model":"m","usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}';

interface LedgerState {
  readonly ledger: {
    readonly degraded: boolean;
    readonly queued: number;
    readonly dropped: number;
    readonly written: number;
    readonly unconfirmed: number;
    readonly interrupted: number;
  };
}

async function ledgerOf(gateway: Gateway): Promise<LedgerState["ledger"]> {
  const response = await fetch(`${gateway.adminUrl}/api/v1/status`);
  return ((await response.json()) as LedgerState).ledger; // as: the contract of the status API
}

/** Responds at once, except to requests for `/openai/v1/hang`. */
async function startUpstream(t: TestContext): Promise<RawUpstream> {
  const upstream = await startRawUpstream();
  upstream.respond = (socket, { startLine }) => {
    if (startLine.includes("/hang")) return;
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`);
  };
  t.after(() => upstream.close());
  return upstream;
}

function start(upstream: RawUpstream, options: GatewayOptions): Promise<Gateway> {
  const { config, ...others } = options;
  return startGateway({
    ...others,
    config: { ...config, providers: { openai: { upstream: `http://127.0.0.1:${upstream.port}` } } },
  });
}

function request(gateway: Gateway, path: string): Promise<Response> {
  return fetch(`${gateway.url}/openai/v1/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${testKey.key}` },
    body: '{"model":"m"}',
  });
}

/** The lock of a process on an unknown machine that renewed it just now. */
function foreignLock(): string {
  const heartbeat = new Date().toISOString();
  return `${JSON.stringify({ instance: "other", pid: 1, host: "elsewhere", heartbeat, pidSpace: "unknown", startedAt: "1" })}\n`;
}

/** Replaces the lock as a whole, so that the gateway never finds it missing. */
function renewForeignLock(gateway: Gateway): void {
  writeFileSync(`${gateway.directory}/renewed`, foreignLock());
  renameSync(`${gateway.directory}/renewed`, `${gateway.statsPath}.lock`);
}

test(
  "after a kill in a container, the restart serves requests before the lock of its predecessor has expired",
  { skip: unlessWorks(CONTAINER[0] ?? "", ...CONTAINER.slice(1), "true") },
  async (t) => {
    const upstream = await startUpstream(t);
    const first = await start(upstream, { runner: CONTAINER });
    t.after(() => kill(first));
    await (await request(first, "chat/completions")).text();
    const hanging = request(first, "hang").catch(() => undefined);
    await eventually("the running request is in the journal", () => readJournal(first).includes("/hang"));
    await first.records(1);
    first.signal("SIGKILL");
    await hanging;
    await first.exited();

    const second = await start(upstream, {
      runner: CONTAINER,
      before: (directory) => cpSync(first.dataDir, join(directory, "data"), { recursive: true }),
    });
    t.after(() => kill(second));
    const waiting = await ledgerOf(second);
    assert.equal(waiting.degraded, true, "it listens while the lock is undecided");
    assert.equal((await request(second, "chat/completions")).status, 200);
    assert.match(readJournal(second), /hang/, "the journal of the first process is kept until then");

    const records = await second.records(3);
    const outcomes = records.map(({ status, error_type: error }) => error ?? String(status));
    assert.deepEqual(new Set(outcomes), new Set(["200", "interrupted"]));
    await eventually("the ledger reports itself written", async () => !(await ledgerOf(second)).degraded);
    const { dropped, written, interrupted } = await ledgerOf(second);
    assert.deepEqual({ dropped, written, interrupted }, { dropped: 0, written: 2, interrupted: 1 });
  },
);

/** `unshare` passes on no SIGTERM. */
async function kill(gateway: Gateway): Promise<void> {
  gateway.signal("SIGKILL");
  await gateway.exited();
  await gateway.stop();
}

function readJournal(gateway: Gateway): string {
  const path = join(gateway.dataDir, "inflight.journal");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

test("while another machine may hold the lock, responses with durability `written` count as unconfirmed", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = await start(upstream, {
    config: { stats: { output_path: "data/stats.jsonl", durability: "written" } },
    data: { "stats.jsonl.lock": foreignLock() },
  });
  t.after(() => gateway.stop());
  renewForeignLock(gateway);
  assert.equal(await (await request(gateway, "chat/completions")).text(), BODY);
  await eventually("the record waits in memory", async () => (await ledgerOf(gateway)).queued === 1);
  await eventually("the response counts", async () => (await ledgerOf(gateway)).unconfirmed === 1);
  assert.equal(existsSync(gateway.statsPath), false, "nothing is written while another process may write");

  rmSync(`${gateway.statsPath}.lock`);
  await gateway.records(1);
  assert.equal(await (await request(gateway, "chat/completions")).text(), BODY);
  assert.equal((await gateway.records(2)).length, 2);
  assert.equal((await ledgerOf(gateway)).unconfirmed, 1);
});

test("a stop waits for the lock to expire, and then writes the records that wait in memory", async (t) => {
  const upstream = await startUpstream(t);
  const gateway = await start(upstream, { data: { "stats.jsonl.lock": foreignLock() } });
  renewForeignLock(gateway);
  await (await request(gateway, "chat/completions")).text();
  await eventually("the record waits in memory", async () => (await ledgerOf(gateway)).queued === 1);
  gateway.signal("SIGTERM");
  await eventually("it stops", () => gateway.output().stdout.includes("draining"));
  rmSync(`${gateway.statsPath}.lock`);
  await gateway.records(1);
  assert.equal(await gateway.exited(), 0);
  await gateway.stop();
});
