import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionCounts, networkOf } from "./connection-counts.ts";

const caps = { total: 3, perAddress: 2 };

function pair(): readonly [ConnectionCounts, ConnectionCounts] {
  const shared = ConnectionCounts.allocate(2, 7);
  return [new ConnectionCounts(shared, 0, caps), new ConnectionCounts(shared, 1, caps)];
}

test("the limits hold for all workers together, and a closed connection makes room for another", () => {
  const [one, other] = pair();
  assert.equal(one.open("192.0.2.1"), undefined);
  assert.equal(other.open("192.0.2.1"), undefined);
  assert.equal(one.open("192.0.2.1"), "address");
  assert.equal(other.open("192.0.2.2"), undefined);
  assert.equal(one.open("192.0.2.3"), "total");
  other.close("192.0.2.1");
  assert.equal(one.open("192.0.2.1"), undefined);
  assert.equal(one.open("192.0.2.4"), "total");
});

test("the connections of a worker that ended are not counted any more, and those of the others are", () => {
  const [one, other] = pair();
  one.open("192.0.2.1");
  one.open("192.0.2.2");
  other.open("192.0.2.1");
  one.clear();
  assert.equal(other.open("192.0.2.1"), undefined);
  assert.equal(other.open("192.0.2.1"), "address");
  assert.equal(other.open("192.0.2.2"), undefined);
  assert.equal(other.open("192.0.2.2"), "total");
});

test("without limits every connection is accepted", () => {
  const counts = new ConnectionCounts(ConnectionCounts.allocate(1, 7), 0, { total: undefined, perAddress: undefined });
  for (let n = 0; n < 1_000; n++) assert.equal(counts.open("192.0.2.1"), undefined);
});

test("IPv6 addresses are counted by their /64, in any spelling", () => {
  for (const [address, network] of [
    ["192.0.2.1", "192.0.2.1"],
    ["", ""],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8:1:2::6", "2001:db8:1:2"],
    ["2001:db8::6", "2001:db8:0:0"],
    ["2001:db8::3:4:5:6:7", "2001:db8:0:3"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["::1", "0:0:0:0"],
  ] as const) {
    assert.equal(networkOf(address), network);
  }
});
