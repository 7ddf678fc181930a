import assert from "node:assert/strict";
import { test } from "node:test";
import { isProxyLoop, type ConnectedAddresses } from "./proxy-loop.ts";

function connected(localAddress: string, remoteAddress: string, remotePort = 8080): ConnectedAddresses {
  return { localAddress, remoteAddress, remotePort };
}

test("S10: a connection from this machine to LMGate's own port is a loop, at any of its addresses", () => {
  const everywhere = { host: "0.0.0.0", port: 8080 };
  assert.equal(isProxyLoop(connected("127.0.0.1", "127.0.0.1"), everywhere), true);
  assert.equal(isProxyLoop(connected("127.0.0.1", "127.0.0.2"), everywhere), true);
  assert.equal(isProxyLoop(connected("10.1.2.3", "10.1.2.3"), everywhere), true);
  assert.equal(isProxyLoop(connected("::1", "::1"), { host: "::", port: 8080 }), true);
  assert.equal(isProxyLoop(connected("127.0.0.1", "127.0.0.1"), { host: "localhost", port: 8080 }), true);
  assert.equal(isProxyLoop(connected("10.1.2.3", "10.1.2.3"), { host: "10.1.2.3", port: 8080 }), true);
  assert.equal(isProxyLoop(connected("::ffff:10.1.2.3", "::ffff:10.1.2.3"), { host: "::", port: 8080 }), true);
});

test("S10: a connection to another machine, another port or another local listener is not a loop", () => {
  const everywhere = { host: "0.0.0.0", port: 8080 };
  assert.equal(isProxyLoop(connected("10.1.2.3", "10.1.2.4"), everywhere), false);
  assert.equal(isProxyLoop(connected("127.0.0.1", "127.0.0.1", 11_434), everywhere), false);
  assert.equal(isProxyLoop(connected("127.0.0.1", "127.0.0.2"), { host: "127.0.0.1", port: 8080 }), false);
  assert.equal(isProxyLoop(connected("10.1.2.3", "10.1.2.3"), { host: "127.0.0.1", port: 8080 }), false);
});
