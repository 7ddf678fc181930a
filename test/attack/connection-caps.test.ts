// More connections than the limits for all and for one address. A rejected connection costs a reset and leaves no state.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";

import { RawPeer } from "../harness/raw-client.ts";
import { eventually } from "../harness/until.ts";
import { startGateway, type Gateway } from "../harness/gateway.ts";
import { getAdmin } from "./raw-exchange.ts";

const TOTAL = 30;
const PER_ADDRESS = 10;

let gateway: Gateway;
before(async () => {
  gateway = await startGateway({
    config: { server: { workers: 2, max_connections: TOTAL, max_connections_per_address: PER_ADDRESS } },
  });
});
after(async () => assert.equal(await gateway.stop(), 0));

const health = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";

function connectFrom(localAddress: string, count: number): readonly RawPeer[] {
  return Array.from({ length: count }, () => {
    const peer = new RawPeer(connect({ port: gateway.port, host: "127.0.0.1", localAddress }));
    peer.send(health);
    return peer;
  });
}

/** The clients that were served; all others were disconnected. */
async function served(peers: readonly RawPeer[]): Promise<readonly RawPeer[]> {
  const outcomes = peers.map((peer) =>
    peer.until("a response or an end", () => (peer.closed || peer.text.endsWith("ok") ? peer : undefined)),
  );
  return (await Promise.all(outcomes)).filter(({ closed }) => !closed);
}

async function metric(series: string): Promise<number> {
  const text = await getAdmin(gateway.adminPort, "/metrics");
  return Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1),
  );
}

/** Workers report their counts once a second. */
async function metricBecomes(series: string, value: number): Promise<void> {
  await eventually(`${series} is ${value}`, async () => (await metric(series)) === value);
}

async function closeAll(peers: readonly RawPeer[]): Promise<void> {
  for (const peer of peers) peer.destroy();
  await metricBecomes("lmgate_client_connections", 0);
}

test("S42: one address gets only as many connections as allowed, over all data workers, and others get theirs", async () => {
  const first = await served(connectFrom("127.0.0.1", PER_ADDRESS));
  assert.equal(first.length, PER_ADDRESS);
  assert.deepEqual(await served(connectFrom("127.0.0.1", 2 * PER_ADDRESS)), []);
  const other = await served(connectFrom("127.0.0.2", 1));
  assert.equal(other.length, 1);
  const metric = 'lmgate_connections_refused_total{reason="max_connections_per_address"}';
  await metricBecomes(metric, 2 * PER_ADDRESS);
  await metricBecomes("lmgate_client_connections", PER_ADDRESS + 1);
  await closeAll([...first, ...other]);
});

test("S42: connections over the limit are closed at once, the admin listener responds, and closed connections make room for others", async () => {
  const metric = 'lmgate_connections_refused_total{reason="max_connections"}';
  for (let round = 1; round <= 2; round++) {
    const clients = ["127.0.1.1", "127.0.1.2", "127.0.1.3"].flatMap((address) => connectFrom(address, TOTAL / 3));
    const accepted = await served(clients);
    assert.equal(accepted.length, TOTAL);
    assert.deepEqual(await served(connectFrom("127.0.1.4", PER_ADDRESS)), []);
    assert.match(await getAdmin(gateway.adminPort, "/healthz"), /^HTTP\/1\.1 200 /);
    await metricBecomes(metric, round * PER_ADDRESS);
    await closeAll(accepted);
  }
});
