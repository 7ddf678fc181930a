// Every path and method with no key, a bad key and a known one. Portkey's fix for an open route missed an older one (#1718).
// LMGate decides in one place, and this file tries every path.
import assert from "node:assert/strict";
import { METHODS } from "node:http";
import { after, before, test } from "node:test";

import { startAttackFixture, FORBIDDEN, GOOD, request, unknownKey, type AttackFixture } from "./attack-fixture.ts";

let fixture: AttackFixture;
before(async () => {
  fixture = await startAttackFixture();
});
after(() => fixture.stop());

const HEALTH: readonly string[] = ["/healthz", "/livez", "/readyz"];
const ROUTED: readonly string[] = [
  "/openai/v1/models",
  "/anthropic/v1/messages",
  "/google/v1/x:y",
  "/based/x",
  "/openai",
];
const UNROUTED: readonly string[] = [
  "/",
  "/v1/chat/completions",
  "/metrics",
  "/api/v1/status",
  "/mistral/v1/x",
  "/healthz/x",
];

const KEYLESS: readonly string[] = [
  "",
  `Authorization: Bearer ${unknownKey}\r\n`,
  "Authorization: Bearer \r\n",
  "Authorization:\r\n",
  "Authorization: Bearer null\r\n",
  "Authorization: Bearer undefined\r\n",
  `x-api-key: ${unknownKey}\r\n`,
  "x-api-key:\r\n",
  `x-goog-api-key: ${unknownKey}\r\n`,
  `api-key: ${unknownKey}\r\n`,
  `x-lmgate-key: ${unknownKey}\r\n`,
  "x-lmgate-key:\r\n",
  "Cookie: key=sk-good-0123456789-ABCDEF\r\n",
  "Authorization: Basic c2stZ29vZC0wMTIzNDU2Nzg5LUFCQ0RFRjo=\r\n",
];

const methods = METHODS.filter((method) => method !== "CONNECT");

test("S9: without an allowed key no method opens any path, and all get the same 403", async () => {
  for (const path of [...ROUTED, ...UNROUTED]) {
    for (const method of methods.filter((each) => each !== "TRACE")) {
      for (const lines of method === "GET" || method === "POST" ? KEYLESS : KEYLESS.slice(0, 2)) {
        const { responses, open } = await fixture.send(request(method, path, lines), [method]);
        const what = `${method} ${path} ${lines}`;
        assert.equal(responses[0]?.status, 403, what);
        assert.equal(responses[0].text, method === "HEAD" ? "" : FORBIDDEN, what);
        assert.ok(responses[0].lines.includes("Content-Type: application/json"), what);
        assert.ok(responses[0].lines.includes("x-lmgate-error: forbidden"), what);
        assert.equal(responses.length, 1, what);
        assert.equal(open, true, what);
      }
    }
  }
  assert.deepEqual(fixture.upstream.seen, { connections: 0, bytes: 0, requests: 0 });
});

test("S9: without a key, only GET and HEAD of the three health paths get a response other than 403", async () => {
  for (const path of HEALTH) {
    for (const method of methods) {
      const { statuses } = await fixture.send(request(method, path), [method]);
      const expected = method === "GET" || method === "HEAD" ? 200 : method === "TRACE" ? 405 : 403;
      assert.deepEqual(statuses, [expected], `${method} ${path}`);
    }
  }
  assert.deepEqual(fixture.upstream.seen, { connections: 0, bytes: 0, requests: 0 });
});

test("S9: a health response is the same with any key and shows nothing of keys or owners", async () => {
  for (const path of HEALTH) {
    const texts = new Set<string>();
    for (const lines of ["", GOOD, `Authorization: Bearer ${unknownKey}\r\n`]) {
      const { responses: received } = await fixture.send(request("GET", path, lines));
      texts.add(received[0]?.text ?? "");
    }
    assert.equal(texts.size, 1, path);
    assert.doesNotMatch([...texts].join(""), /Good Team|k-good|sk-|\//, path);
  }
});

test("S9: with an allowed key every method reaches a routed path, and no other path", async () => {
  for (const method of methods.filter((each) => each !== "TRACE")) {
    for (const path of ROUTED) {
      const { statuses } = await fixture.send(request(method, path, GOOD), [method]);
      assert.deepEqual(statuses, [200], `${method} ${path}`);
      assert.deepEqual(
        fixture.takeRequests().map((forwarded) => forwarded.method),
        [method],
      );
    }
    for (const path of UNROUTED) {
      const { statuses } = await fixture.send(request(method, path, GOOD), [method]);
      assert.deepEqual(statuses, [404], `${method} ${path}`);
    }
  }
  assert.deepEqual(fixture.takeRequests(), []);
});

test("S9: a body without a key is not read: the 403 closes the connection", async () => {
  const body = request("GET", "/openai/smuggled", GOOD);
  for (const framing of [
    `Content-Length: ${body.length}\r\n`,
    "Transfer-Encoding: chunked\r\n",
    "Expect: 100-continue\r\nContent-Length: 9\r\n",
  ]) {
    const { responses, open } = await fixture.send(request("POST", "/openai/x", framing, body));
    assert.deepEqual(
      responses.map(({ text }) => text),
      [FORBIDDEN],
      framing,
    );
    assert.ok(responses[0]?.lines.includes("Connection: close"));
    assert.equal(open, false, framing);
  }
  assert.deepEqual(fixture.takeRequests(), []);
});

test("S62: without a key a client cannot find out whether a path exists", async () => {
  const seen = new Set<string>();
  for (const path of [...ROUTED, ...UNROUTED, "/OPENAI/x", "/openai/v1/responses/resp_1"]) {
    const { responses } = await fixture.send(request("GET", path));
    seen.add(
      [
        responses[0]?.startLine,
        ...(responses[0]?.lines ?? []).filter((line) => !line.startsWith("Date:")),
        responses[0]?.text,
      ].join("|"),
    );
  }
  assert.equal(seen.size, 1);
});
