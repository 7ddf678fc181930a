// The configuration alone decides where a request goes. Gateways that let a header or a body field choose it have sent their
// provider keys to strangers (CVE-2024-6587, CVE-2025-66405).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startAttackFixture, keyed, request, type AttackFixture } from "./attack-fixture.ts";
import { exchange, getAdmin } from "./raw-exchange.ts";

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture();
});
after(() => fixture.stop());

async function assertStatus(status: number, sent: string): Promise<void> {
  const { statuses, open } = await fixture.send(sent);
  assert.deepEqual(statuses, [status], sent);
  assert.equal(open, false, sent);
  assert.deepEqual(fixture.takeRequests(), [], sent);
}

test("S4: the upstream gets the configured Host, whatever Host the client sent", async () => {
  for (const host of [fixture.evil, "api.openai.com", "localhost", "[::1]:80", "a.b-c_d~e", "x:0"]) {
    const { statuses } = await fixture.send(keyed("GET", "/openai/x").replace("gate.example", host));
    assert.deepEqual(statuses, [200], host);
    const [forwarded] = fixture.takeRequests();
    assert.deepEqual(
      forwarded?.lines.filter((line) => /^host:/i.test(line)),
      [`Host: ${fixture.authority}`],
      host,
    );
  }
});

test("S4: fields that other proxies trust change nothing and are forwarded unchanged", async () => {
  const { evil } = fixture;
  const lines = [
    `X-Forwarded-Host: ${evil}`,
    `Forwarded: host=${evil}`,
    `X-Host: ${evil}`,
    `X-Forwarded-Server: ${evil}`,
  ];
  await fixture.send(keyed("GET", "/openai/x", `${lines.join("\r\n")}\r\n`));
  assert.deepEqual(fixture.takeRequests()[0]?.lines.slice(2), lines);
});

test("S4: two Hosts, equal or not, and pseudo-headers are rejected", async () => {
  const { evil } = fixture;
  for (const line of [
    `Host: ${evil}`,
    "Host: gate.example",
    `hOST: ${evil}`,
    `:authority: ${evil}`,
    `Host : ${evil}`,
  ]) {
    await assertStatus(400, keyed("GET", "/openai/x", `${line}\r\n`));
  }
});

test("S5: absolute-form targets are rejected, whatever host they name", async () => {
  const { evil } = fixture;
  for (const target of [
    `http://${evil}/openai/x`,
    `https://api.openai.com@${evil}/x`,
    `http://gate.example/openai/x`,
    `HTTP://gate.example/openai/x`,
    `ftp://${evil}/`,
    `openai/x`,
    `@${evil}/openai/x`,
    `${evil}/openai/x`,
    `?/openai/x`,
  ]) {
    await assertStatus(400, keyed("GET", target));
  }
});

test("S6: CONNECT and TRACE are not allowed, tunnel nothing and echo nothing", async () => {
  const { evil, authority } = fixture;
  for (const text of [keyed("CONNECT", evil), keyed("CONNECT", authority), keyed("TRACE", "/openai/x")]) {
    const { responses } = await fixture.send(text);
    assert.equal(responses[0]?.status, 405);
    assert.ok(responses[0].lines.includes("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    assert.doesNotMatch(responses[0].text, /sk-good/);
    assert.deepEqual(fixture.takeRequests(), []);
  }
});

test("S6: unknown methods and targets that are not a path are rejected", async () => {
  for (const [method, target] of [
    ["TRACK", "/openai/x"],
    ["DEBUG", "/openai/x"],
    ["get", "/openai/x"],
    ["GET ", "/openai/x"],
    ["GET", "*"],
    ["OPTIONS", "*"],
    ["CONNECT", "/openai/x"],
    ["GET", "gate.example:443"],
  ] as const) {
    await assertStatus(400, keyed(method, target));
  }
  const { received } = await exchange(fixture.gateway.port, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  assert.match(received.toString(), /^HTTP\/1\.1 400 /);
});

test("S7: steering fields of other gateways and frameworks are forwarded and never followed", async () => {
  const { evil } = fixture;
  const lines = [
    `x-portkey-custom-host: http://${evil}`,
    "x-portkey-provider: anthropic",
    `helicone-target-url: http://${evil}`,
    `x-original-url: /anthropic/v1/messages`,
    `x-rewrite-url: /anthropic/v1/messages`,
    `x-forwarded-prefix: /anthropic`,
    `x-forwarded-proto: https`,
    `x-http-method-override: DELETE`,
    `x-method-override: DELETE`,
    `x-base-url: http://${evil}`,
    `x-upstream: http://${evil}`,
    `Destination: http://${evil}/x`,
    `Max-Forwards: 0`,
    `Via: 1.1 ${evil}`,
  ];
  const body = JSON.stringify({ model: "m", api_base: `http://${evil}`, base_url: `http://${evil}`, proxy: evil });
  const bytes = keyed("POST", "/openai/v1/x", `${lines.join("\r\n")}\r\nContent-Length: ${body.length}\r\n`, body);
  assert.deepEqual((await fixture.send(bytes)).statuses, [200]);
  const [received] = fixture.takeRequests();
  assert.equal(received?.startLine, "POST /v1/x HTTP/1.1");
  assert.deepEqual(received.lines.slice(2, -1), lines);
  assert.equal(received.body.toString(), body);
});

test("S7: LMGate's own request fields steer nothing and are not forwarded", async () => {
  const { evil } = fixture;
  const lines = `x-lmgate-upstream: http://${evil}\r\nX-LMGate-Host: ${evil}\r\nx-lmgate-tags: a=b\r\nX-Kept: 1\r\n`;
  await fixture.send(keyed("GET", "/openai/x", lines));
  assert.deepEqual(fixture.takeRequests()[0]?.lines.slice(2), ["X-Kept: 1"]);
});

test("S8: a URL in a body is not fetched, and a redirect is forwarded to the client", async () => {
  const { evil, upstream } = fixture;
  const body = JSON.stringify({
    model: "m",
    messages: [
      { role: "user", content: [{ type: "image_url", image_url: { url: `http://${evil}/latest/meta-data` } }] },
    ],
  });
  const post = keyed("POST", "/openai/v1/chat/completions", `Content-Length: ${body.length}\r\n`, body);
  assert.deepEqual((await fixture.send(post)).statuses, [200]);
  const usual = upstream.respond;
  for (const status of [301, 302, 303, 307, 308]) {
    upstream.respond = (socket) =>
      void socket.write(`HTTP/1.1 ${status} Moved\r\nLocation: http://${evil}/x\r\nContent-Length: 0\r\n\r\n`);
    const { responses } = await fixture.send(keyed("GET", "/openai/x"));
    assert.equal(responses[0]?.status, status);
    assert.ok(responses[0].lines.includes(`Location: http://${evil}/x`));
  }
  upstream.respond = usual;
  assert.equal(fixture.takeRequests().length, 6);
});

test("S11: an invalid Host is rejected on the client port, with a key and without", async () => {
  for (const host of BAD_HOSTS) {
    await assertStatus(400, keyed("GET", "/openai/x").replace("gate.example", host));
    await assertStatus(400, request("GET", "/healthz").replace("gate.example", host));
  }
});

test("S11: the admin listener is not misled by a Host that only resembles its own", async () => {
  const { adminPort } = fixture.gateway;
  const own = `127.0.0.1:${adminPort}`;
  for (const host of [...BAD_HOSTS, `${own}.evil`, `${own}/#@x`, "rebind.evil", "gate.example"]) {
    const response = await getAdmin(adminPort, "/api/v1/status", `Host: ${host}\r\n`);
    assert.doesNotMatch(response, /^HTTP\/1\.1 200/, host);
    assert.doesNotMatch(response, /allowlist/, host);
  }
});

const BAD_HOSTS: readonly string[] = [
  "localhost:4000/#@x",
  "a/b",
  "a?b",
  "a b",
  "a@b",
  "user:pass@a",
  "",
  "a".repeat(300),
  "[::1",
  "::1]",
  "[::1]x",
  "a:b",
  "a:65536",
  "a:80:80",
  "a\\b",
  "a%zz",
  "a\x80b",
  "<script>",
];
