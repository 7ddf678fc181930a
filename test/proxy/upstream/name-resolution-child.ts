// Runs in a namespace whose /etc/resolv.conf names 127.0.0.1. Started by name-resolution.test.ts.
import assert from "node:assert/strict";
import type { Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { eventually } from "../../harness/until.ts";
import { statusOf } from "../../harness/raw-message.ts";
import { startResolver, type Zone } from "./test-resolver.ts";
import { jsonResponse, assertErrorResponse, post, startProxyFixture, type ProxyFixture } from "../fixture.ts";

const connectSeconds = 1;
const zone: Zone = new Map<string, readonly string[] | "NXDOMAIN" | "SERVFAIL" | "silence">([
  ["gone.test", "NXDOMAIN"],
  ["ill.test", "SERVFAIL"],
  ["mute.test", "silence"],
  // The first address leads nowhere.
  ["both.test", ["fd00::1", "127.0.0.1"]],
  ["moving.test", ["127.0.0.1"]],
]);

let fixture: ProxyFixture;
let here: Server;
let resolver: Socket;

async function serve(host: string, port: number, n: number): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(jsonResponse(n, "Connection: close")));
  });
  server.listen(port, host);
  await once(server, "listening");
  return server;
}

before(async () => {
  resolver = await startResolver(zone);
  here = await serve("127.0.0.1", 0, 1);
  const { port } = here.address() as AddressInfo; // as: it listens on a host and port
  const names = ["gone", "ill", "mute", "both", "moving"];
  const providers = Object.fromEntries(names.map((name) => [name, { upstream: `http://${name}.test:${port}` }]));
  fixture = await startProxyFixture({ config: { timeouts: { connect_seconds: connectSeconds }, providers } });
});
after(async () => {
  await fixture.clear();
  await fixture.stop();
  here.close();
  resolver.close();
});

async function connectTo(provider: string) {
  const client = await fixture.client();
  client.send(post().replace("/openai/", `/${provider}/`));
  return client.message();
}

for (const [provider, error_code] of [
  ["gone", "dns_not_found"],
  ["ill", "dns_failed"],
] as const) {
  test(`R34: ${provider}: a name without an address is 502`, async () => {
    assertErrorResponse(await connectTo(provider), 502, "upstream_unreachable");
    await fixture.record({ provider, status: 502, error_type: "upstream_unreachable", error_code });
  });
}

test("R34: mute: a silent resolver is 504 at the connect timeout for all who wait, and delays no other request", async () => {
  const startedAt = performance.now();
  const waiting = Array.from({ length: 64 }, () => connectTo("mute"));
  assert.equal(statusOf(await connectTo("both")), 200);
  await fixture.record({ provider: "both", status: 200 });
  for (const rejection of await Promise.all(waiting)) assertErrorResponse(rejection, 504, "upstream_timeout");
  assert.ok(performance.now() - startedAt >= connectSeconds * 1_000);
  const records = await fixture.records(64);
  assert.deepEqual(new Set(records.map((record) => record.error_code)), new Set(["dns_timeout"]));
});

test("R34: both: IPv4 is used if IPv6 leads nowhere", async () => {
  assert.equal(statusOf(await connectTo("both")), 200);
  await fixture.record({ provider: "both", status: 200, model: "m-1" });
});

test("R34: moving: a moved name is found at its new address by the request after the first that failed", async () => {
  assert.equal(statusOf(await connectTo("moving")), 200);
  await fixture.record({ provider: "moving", model: "m-1" });
  const { port } = here.address() as AddressInfo; // as: it listens on a host and port
  here.close();
  await once(here, "close");
  here = await serve("127.0.0.2", port, 2);
  zone.set("moving.test", ["127.0.0.2"]);
  // An address younger than a second is not looked up again.
  await delay(1_100);
  assertErrorResponse(await connectTo("moving"), 502, "upstream_unreachable");
  await fixture.record({ provider: "moving", status: 502 });
  await eventually("the name is found at its new address", async () => {
    const message = await connectTo("moving");
    await fixture.records(1);
    return statusOf(message) === 200;
  });
});
