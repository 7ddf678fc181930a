// Runs in a namespace whose /etc/resolv.conf names 127.0.0.1. Started by name-resolution.test.ts.
import assert from "node:assert/strict";
import type { Socket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startHaproxy, startNginxProxy, type OtherProxy } from "../../attack/other-proxies.ts";
import { listenWithoutRoom, type FullListener } from "../../harness/full-listener.ts";
import { connectRaw } from "../../harness/raw-client.ts";
import { statusOf } from "../../harness/raw-message.ts";
import { post, startProxyFixture, type ProxyFixture } from "../fixture.ts";
import { startResolver, type Zone } from "./test-resolver.ts";

// The first address of each name does not respond to connection attempts until it is released.
const DEAD = ["127.0.0.2", "127.0.0.3"];
const SLOW = ["127.0.0.4", "127.0.0.5"];
const zone: Zone = new Map([
  ["dead.test", DEAD],
  ["slow.test", SLOW],
]);
/** Twice the time after which the gateway tries the next address. */
const SLOW_MS = 500;

let resolver: Socket;
let dead: FullListener | undefined;
let slow: FullListener | undefined;
let fixture: ProxyFixture;

before(async () => {
  resolver = await startResolver(zone);
  dead = await listenWithoutRoom(DEAD[0]);
  slow = await listenWithoutRoom(SLOW[0]);
  const providers = {
    dead: { upstream: `http://dead.test:${dead?.port ?? 9}` },
    slow: { upstream: `http://slow.test:${slow?.port ?? 9}` },
  };
  fixture = await startProxyFixture({ config: { timeouts: { connect_seconds: 10 }, providers } });
});
after(async () => {
  await fixture.clear();
  await fixture.stop();
  await dead?.stop();
  await slow?.stop();
  resolver.close();
});

interface Outcome {
  readonly statuses: readonly number[];
  /** How long the slower of two requests took. The other proxies start one with each address. */
  readonly slowestMs: number;
}

async function twice(port: number, provider: string): Promise<Outcome> {
  const startedAt = performance.now();
  const times = [0, 1].map(async () => {
    const client = await connectRaw(port);
    client.send(post().replace("/openai/", `/${provider}/`));
    const status = statusOf(await client.message());
    client.destroy();
    return { status, ms: performance.now() - startedAt };
  });
  const ended = await Promise.all(times);
  return { statuses: ended.map(({ status }) => status), slowestMs: Math.max(...ended.map(({ ms }) => ms)) };
}

interface Upstream {
  readonly port: number;
  readonly hosts: readonly string[];
  /** Called when the requests are on their way. */
  readonly asked?: () => void;
}

/** Asks LMGate, and the other proxies that are installed, at the same time. */
async function ask(t: TestContext, provider: string, { port, hosts, asked }: Upstream) {
  const installed = [await startNginxProxy(port, hosts), await startHaproxy(port, hosts)];
  const running = installed.filter((proxy): proxy is OtherProxy => proxy !== undefined);
  if (running.length < installed.length) t.diagnostic("SKIPPED: nginx or HAProxy is not installed");
  const own = twice(fixture.gateway.port, provider);
  const others = running.map((proxy) => twice(proxy.port, provider));
  asked?.();
  const all = await Promise.all([own, ...others]);
  await Promise.all(running.map((proxy) => proxy.stop()));
  await fixture.records(2);
  const names = ["LMGate", ...running.map(({ name }) => name)];
  const text = all.map(
    ({ statuses, slowestMs }, at) => `${names[at]} ${statuses.join(" ")} ${Math.round(slowestMs)} ms`,
  );
  t.diagnostic(`${provider}, beside nginx and HAProxy: ${text.join(", ")}`);
  return { own: await own, others: all.slice(1) };
}

test("dead: an address that does not respond is overtaken by the next one", async (t) => {
  if (dead === undefined) return t.diagnostic("SKIPPED: no listening socket could be filled up here");
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"));
  });
  server.listen(dead.port, DEAD[1]);
  await once(server, "listening");
  const { own, others } = await ask(t, "dead", { port: dead.port, hosts: DEAD });
  server.close();
  assert.deepEqual(own.statuses, [200, 200]);
  for (const other of others) assert.ok(own.slowestMs < other.slowestMs, "the others wait for their connect timeout");
});

test("slow: a first address that takes half a second is waited for, although nothing listens at the second one", async (t) => {
  const listener = slow;
  if (listener === undefined) return t.diagnostic("SKIPPED: no listening socket could be filled up here");
  const asked = (): void => void pause(SLOW_MS).then(() => listener.release());
  const { own } = await ask(t, "slow", { port: listener.port, hosts: SLOW, asked });
  assert.deepEqual(own.statuses, [200, 200]);
});
