import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { isProxyLoop } from "./proxy-loop.ts";

function connected(localAddress: string, remoteAddress: string, remotePort = 8080): Socket {
  return { localAddress, remoteAddress, remotePort } as Socket; // as: nothing else of a socket is looked at
}

test("S10: a connection from this machine to its own port leads home, over whichever address", () => {
  const everywhere = { host: "0.0.0.0", port: 8080 };
  assert.equal(isProxyLoop(connected("127.0.0.1", "127.0.0.1"), everywhere), true);
  assert.equal(isProxyLoop(connected("127.0.0.1", "127.0.0.2"), everywhere), true);
  assert.equal(isProxyLoop(connected("10.1.2.3", "10.1.2.3"), everywhere), true);
  assert.equal(isProxyLoop(connected("::1", "::1"), { host: "::", port: 8080 }), true);
  assert.equal(isProxyLoop(connected("127.0.0.1", "127.0.0.1"), { host: "localhost", port: 8080 }), true);
  assert.equal(isProxyLoop(connected("10.1.2.3", "10.1.2.3"), { host: "10.1.2.3", port: 8080 }), true);
});

test("S10: another machine, another port and another listener of this machine are where calls may go", () => {
  const everywhere = { host: "0.0.0.0", port: 8080 };
  assert.equal(isProxyLoop(connected("10.1.2.3", "10.1.2.4"), everywhere), false);
  assert.equal(isProxyLoop(connected("127.0.0.1", "127.0.0.1", 11_434), everywhere), false);
  assert.equal(isProxyLoop(connected("127.0.0.1", "127.0.0.2"), { host: "127.0.0.1", port: 8080 }), false);
  assert.equal(isProxyLoop(connected("10.1.2.3", "10.1.2.3"), { host: "127.0.0.1", port: 8080 }), false);
});
