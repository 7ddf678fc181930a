// New connections in the moment in which LMGate is told to stop: what it accepts, it serves.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startNginx } from "../../bench/nginx.ts";
import { freePort } from "../harness/free-port.ts";
import { startGateway, type Gateway } from "../harness/gateway.ts";
import { connectRaw } from "../harness/raw-client.ts";
import { fieldOf, statusOf } from "../harness/raw-message.ts";
import { eventually } from "../harness/until.ts";

const HEALTH = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
const BEFORE_STOP = 300;
const BURST = 20;
const PAUSE_MS = 10;
/** As over a network: the first request comes a while after its connection. */
const ROUND_TRIP_MS = 30;

interface Flood {
  readonly served: number;
  /** Connections that were established and ended without a response. */
  readonly cut: number;
}

/** One request on a connection of its own. */
function requestOnce(port: number): Promise<"served" | "cut" | "rejected"> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    let isOpen = false;
    socket.once("connect", () => {
      isOpen = true;
      setTimeout(() => socket.write(HEALTH.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")), ROUND_TRIP_MS);
    });
    socket.on("data", (bytes) => (text += bytes.toString("latin1")));
    socket.once("error", () => undefined);
    socket.once("close", () => resolve(text.startsWith("HTTP/1.1 200") ? "served" : isOpen ? "cut" : "rejected"));
  });
}

/** Opens new connections all the time, calls `stop` amid them, and ends when nothing listens any more. */
async function flood(port: number, stop: () => void): Promise<Flood> {
  const counts = { served: 0, cut: 0, rejected: 0 };
  const running: Promise<void>[] = [];
  for (let opened = 0; counts.rejected < BURST; opened++) {
    if (opened === BEFORE_STOP) stop();
    running.push(requestOnce(port).then((end) => void counts[end]++));
    if (opened % BURST === 0) await delay(PAUSE_MS);
  }
  await Promise.all(running);
  return counts;
}

async function besideNginx(t: TestContext): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "lmgate-nginx-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const port = await freePort();
  const http = `server { listen 127.0.0.1:${port} reuseport; location / { return 200 ok; } }`;
  const nginx = await startNginx(directory, port, http).catch(() => undefined);
  if (nginx === undefined) return t.diagnostic("SKIPPED: nginx is not installed");
  // SIGQUIT is its orderly end.
  const { served, cut } = await flood(port, () => process.kill(nginx.pid, "SIGQUIT"));
  t.diagnostic(`nginx: ${cut} cut beside ${served} served`);
}

test("a flood of new connections loses none of them when LMGate stops", async (t) => {
  await besideNginx(t);
  const gateway = await gatewayOf(t, 2);
  const { served, cut } = await flood(gateway.port, () => gateway.signal("SIGTERM"));
  t.diagnostic(`LMGate: ${cut} cut beside ${served} served`);
  assert.ok(served > BEFORE_STOP / 2, `${served} served`);
  // Between the last look at the queue and the end of listening lie some microseconds.
  assert.ok(cut <= 2, `${cut} cut beside ${served} served`);
  assert.equal(await gateway.exited(), 0);
});

test("connections that wait to be accepted when LMGate is told to stop are served", async (t) => {
  const gateway = await gatewayOf(t, 1);
  gateway.signal("SIGSTOP");
  const clients = await Promise.all(Array.from({ length: 100 }, () => connectRaw(gateway.port)));
  for (const client of clients) client.send(HEALTH);
  gateway.signal("SIGTERM");
  gateway.signal("SIGCONT");
  for (const client of clients) {
    const message = await client.message();
    assert.equal(statusOf(message), 200);
    client.end();
  }
  assert.equal(await gateway.exited(), 0);
});

test("an open connection that is still unused gets a moment for its first request when LMGate stops", async (t) => {
  const gateway = await gatewayOf(t, 1);
  const [late, silent] = [await connectRaw(gateway.port), await connectRaw(gateway.port)];
  gateway.signal("SIGTERM");
  await eventually("new connections are rejected", async () => (await requestOnce(gateway.port)) === "rejected");
  late.send(HEALTH);
  const message = await late.message();
  assert.deepEqual([statusOf(message), fieldOf(message, "connection")], [200, "close"]);
  await silent.hasEnded();
  assert.equal(await gateway.exited(), 0);
});

async function gatewayOf(t: TestContext, workers: number): Promise<Gateway> {
  const providers = { openai: { upstream: "http://127.0.0.1:9" } };
  const gateway = await startGateway({ config: { server: { workers }, providers } });
  t.after(() => gateway.stop());
  return gateway;
}
