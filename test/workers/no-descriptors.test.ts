// A process that has no file descriptors left: it goes on with what it has, from the first moment on.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { freePort } from "../harness/free-port.ts";
import { startGateway, testKey, type Gateway } from "../harness/gateway.ts";
import { startRawUpstream } from "../harness/raw-upstream.ts";
import { eventually } from "../harness/until.ts";
import { unlessWorks } from "../ledger/fixture.ts";

const LIMIT = 200;
const RUNNER = ["prlimit", `--nofile=${LIMIT}:${LIMIT}`];
const CONNECTIONS = 400;
const RETRY_MS = 10;

/** Connects again and again from now on, and keeps every connection that is accepted. */
function flood(t: TestContext, port: number): () => void {
  const sockets = new Set<Socket>();
  let isOver = false;
  const open = (): void => {
    if (isOver) return;
    const socket = connect({ port, host: "127.0.0.1" });
    sockets.add(socket);
    socket.on("connect", () => socket.write("GET /healthz HTTP/1.1\r\n"));
    socket.on("error", () => undefined);
    socket.on("data", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      setTimeout(open, RETRY_MS);
    });
  };
  const end = (): void => {
    isOver = true;
    for (const socket of sockets) socket.destroy();
  };
  for (let nth = 0; nth < CONNECTIONS; nth++) open();
  t.after(end);
  return end;
}

function descriptorsOf({ pid }: Gateway): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function heartbeatOf({ statsPath }: Gateway): string {
  // as: written by the gateway under test.
  return (JSON.parse(readFileSync(`${statsPath}.lock`, "utf8")) as { heartbeat: string }).heartbeat;
}

test(
  "R94: a flood at the start that uses every descriptor delays the start and does not end it, and the lock is renewed meanwhile",
  { skip: unlessWorks("prlimit", `--nofile=${LIMIT}:${LIMIT}`, "true") },
  async (t) => {
    const upstream = await startRawUpstream();
    t.after(() => upstream.close());
    const port = await freePort();
    const end = flood(t, port);
    const gateway = await startGateway({
      runner: RUNNER,
      config: {
        server: { host: "127.0.0.1", port, workers: 3 },
        providers: { openai: { upstream: `http://127.0.0.1:${upstream.port}` } },
        timeouts: { client_head_seconds: 600, drain_seconds: 1 },
      },
    });
    t.after(() => gateway.stop());

    await eventually("no descriptor is left", () => descriptorsOf(gateway) >= LIMIT - 1);
    for (let renewals = 0; renewals < 2; renewals++) {
      const before = heartbeatOf(gateway);
      await eventually("the lock is renewed", () => heartbeatOf(gateway) !== before);
      assert.ok(descriptorsOf(gateway) >= LIMIT - 1, "the flood goes on");
    }
    assert.doesNotMatch(gateway.output().stdout, /could not be renewed/);

    end();
    const headers = { authorization: `Bearer ${testKey.key}` };
    await eventually("it serves requests", async () => {
      const response = await fetch(`${gateway.url}/openai/v1/models`, { headers }).catch(() => undefined);
      return response?.status === 200;
    });
    await gateway.records(1);
    await eventually("the admin API responds", async () => {
      const response = await fetch(`${gateway.adminUrl}/api/v1/status`).catch(() => undefined);
      const status = (await response?.json()) as { threads?: readonly { state: string }[] } | undefined; // as: the contract of the status API
      return status?.threads?.every(({ state }) => state === "running") === true;
    });
    assert.equal(await gateway.stop(), 0);
  },
);
