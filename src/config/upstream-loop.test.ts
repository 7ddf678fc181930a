import assert from "node:assert/strict";
import { test } from "node:test";
import { isOwnUpstream } from "../core/proxy-loop.ts";
import { readSettings } from "./config.ts";
import { formatIssues } from "./config-issue.ts";
import { parseUpstream } from "./upstream-url.ts";

const OWN = new Set(["127.0.0.1", "::1", "10.1.2.3"]);

function isOwn(url: string, host: string, port = 8080): boolean {
  const read = parseUpstream(url);
  assert.ok("upstream" in read, url);
  return isOwnUpstream(read.upstream, { host, port }, OWN);
}

test("S10: an upstream is LMGate itself wherever this machine's own addresses lead to its port", () => {
  for (const [url, host] of [
    ["http://127.0.0.1:8080/", "0.0.0.0"],
    ["http://localhost:8080/v1", "0.0.0.0"],
    ["http://127.3.2.1:8080", "0.0.0.0"],
    ["http://10.1.2.3:8080", "0.0.0.0"],
    ["http://[::1]:8080", "::"],
    ["http://0.0.0.0:8080", "127.0.0.1"],
    ["http://localhost:8080", "127.0.0.1"],
    ["http://127.0.0.1:8080", "localhost"],
    ["http://gate.localhost:8080", "0.0.0.0"],
    ["http://10.1.2.3:8080", "10.1.2.3"],
    ["http://gate.example:8080", "gate.example"],
    ["https://LOCALHOST:8080", "0.0.0.0"],
    ["http://127.1:8080", "127.0.0.1"],
    ["http://0x7f000001:8080", "127.0.0.1"],
  ] as const) {
    assert.equal(isOwn(url, host), true, `${url} from ${host}`);
  }
});

test("S10: another port, another machine and another address of this one are not LMGate itself", () => {
  for (const [url, host] of [
    ["http://127.0.0.1:11434", "0.0.0.0"],
    ["http://10.9.9.9:8080", "0.0.0.0"],
    ["https://api.openai.com:8080", "0.0.0.0"],
    ["http://127.0.0.2:8080", "127.0.0.1"],
    ["http://10.1.2.3:8080", "127.0.0.1"],
  ] as const) {
    assert.equal(isOwn(url, host), false, `${url} from ${host}`);
  }
  assert.equal(isOwn("http://127.0.0.1:1", "0.0.0.0", 0), false);
});

test("S10: a provider that is LMGate's own client port or admin port is an issue of the configuration", () => {
  const text = [
    "server: { host: 0.0.0.0, port: 8080 }",
    "admin: { port: 8081 }",
    "providers:",
    "  ring: { upstream: http://localhost:8080/openai }",
    "  inside: { upstream: http://127.0.0.1:8081/ }",
    "  ollama: { upstream: http://127.0.0.1:11434/ }",
  ].join("\n");
  const result = readSettings(text, { file: "lmgate.yaml", env: {}, flags: [] });
  assert.ok("issues" in result);
  assert.deepEqual(formatIssues(result.issues), [
    "lmgate.yaml:4:21 providers.ring.upstream: found http://localhost:8080/openai/, which is LMGate's own client port; every request would return to LMGate",
    "lmgate.yaml:5:23 providers.inside.upstream: found http://127.0.0.1:8081/, which is LMGate's own admin port; every request would return to LMGate",
  ]);
});
