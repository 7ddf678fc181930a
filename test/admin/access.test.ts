import assert from "node:assert/strict";
import { test } from "node:test";
import { relayLogger } from "../../src/core/log.ts";
import { startAdmin } from "../../src/admin/server/admin-server.ts";
import { rawRequest } from "./raw-request.ts";
import { bearer, start, token } from "./start.ts";

const spellings = [
  "//api/v1/status",
  "/api//v1/status",
  "/api/v1/status/",
  "/api/v1/%73tatus",
  "/api/v1%2fstatus",
  "/healthz/../api/v1/status",
  "/healthz/%2e%2e/api/v1/status",
  "/healthz;/../metrics",
  "/API/V1/STATUS",
  "/%6detrics",
  "/metrics/",
  "/healthz%00",
];

test("on loopback health, metrics and status need no token", async (t) => {
  const { url } = await start(t);
  assert.equal(await (await fetch(url("/healthz"))).text(), "ok");
  assert.match(
    await (await fetch(url("/metrics"))).text(),
    /^lmgate_build_info\{version="1\.2\.3",node="v24\.0\.0"\} 1$/m,
  );
  const response = await fetch(url("/api/v1/status"));
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.partialDeepStrictEqual(await response.json(), { version: "1.2.3", state: "serving", callsInFlight: 1 });
});

test("on any other address metrics and status need the token, and health does not", async (t) => {
  const { url } = await start(t, { host: "0.0.0.0" });
  assert.equal((await fetch(url("/healthz"))).status, 200);
  for (const path of ["/metrics", "/api/v1/status"]) {
    assert.equal((await fetch(url(path))).status, 401, path);
    assert.equal((await fetch(url(path), { headers: bearer(token) })).status, 200, path);
  }
});

test("any other path is 401 without the token and 404 with it, whatever the method", async (t) => {
  const { url } = await start(t);
  for (const method of ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
    for (const path of ["/openai/v1/models", "/api/v1/nothing", "/uix", "/livez"]) {
      assert.equal((await fetch(url(path), { method })).status, 401, `${method} ${path}`);
      assert.equal((await fetch(url(path), { method, headers: bearer(token) })).status, 404, `${method} ${path}`);
    }
  }
});

test("an error is a problem document that repeats nothing the client sent", async (t) => {
  const { url } = await start(t);
  const response = await fetch(url("/seen-nowhere-else?q=also-not"), { headers: bearer("guess-guess-guess-guess") });
  const body = await response.text();
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.partialDeepStrictEqual(JSON.parse(body), { type: "about:blank", title: "Unauthorized", status: 401 });
  assert.doesNotMatch(body, /seen-nowhere-else|also-not|guess/);
});

test("every response forbids caching, sniffing, framing and referrers, and has no CORS header", async (t) => {
  const { server, url } = await start(t);
  const headers = { origin: "https://evil.example", "access-control-request-method": "GET" };
  for (const [method, path] of [
    ["GET", "/"],
    ["GET", "/healthz"],
    ["GET", "/metrics"],
    ["OPTIONS", "/metrics"],
    ["GET", "/x"],
  ]) {
    const response = await fetch(url(path ?? ""), { method: method ?? "", headers });
    assert.equal(response.headers.get("cache-control"), "no-store", path);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff", path);
    assert.equal(response.headers.get("referrer-policy"), "no-referrer", path);
    assert.match(response.headers.get("content-security-policy") ?? "", /^default-src 'none'/, path);
    assert.deepEqual(
      [...response.headers.keys()].filter((name) => name.startsWith("access-control")),
      [],
      path,
    );
    assert.equal(response.headers.has("set-cookie"), false, path);
  }
  const { text } = await rawRequest(server.port, ["GET / HTTP/1.1", "Host: a b"]);
  assert.match(text, /cache-control: no-store/i);
});

test("S11: an invalid Host is rejected with 400, with the token and without", async (t) => {
  const { server } = await start(t);
  const hosts = [
    "localhost:8081/#@x",
    "a/b",
    "a?b",
    "a b",
    "a@b",
    "a#b",
    "",
    "x".repeat(300),
    "[::1",
    "[::1]x",
    "a:b",
    "a,b",
    "%6c",
  ];
  for (const host of hosts) {
    for (const path of ["/healthz", "/metrics", "/api/v1/status", "/nowhere"]) {
      const head = [`GET ${path} HTTP/1.1`, `Host: ${host}`];
      assert.equal((await rawRequest(server.port, head)).status, 400, `${host} ${path}`);
      const withToken = [...head, `Authorization: Bearer ${token}`];
      assert.equal((await rawRequest(server.port, withToken)).status, 400, `${host} ${path}, with the token`);
    }
  }
  assert.equal((await rawRequest(server.port, ["GET /metrics HTTP/1.1"])).status, 400);
  const two = ["GET /metrics HTTP/1.1", "Host: localhost", "Host: evil.example"];
  assert.equal((await rawRequest(server.port, two)).status, 400);
});

test("S11: a route that needs the token needs it, and accepts it, under every Host", async (t) => {
  for (const address of ["127.0.0.1", "0.0.0.0"]) {
    const { server } = await start(t, { host: address });
    for (const host of ["localhost", "127.0.0.1", "[::1]", "127.0.0.1.evil", "admin.example:443", "0.0.0.0"]) {
      const head = ["GET /nowhere HTTP/1.1", `Host: ${host}`];
      assert.equal((await rawRequest(server.port, head)).status, 401, host);
      assert.equal((await rawRequest(server.port, [...head, `Authorization: Bearer ${token}`])).status, 404, host);
    }
  }
});

test("S12: no other spelling of a path gets past the token", async (t) => {
  const { server } = await start(t, { host: "0.0.0.0" });
  const targets = [...spellings, "http://localhost/api/v1/status", "http://evil.example/metrics", "/\\metrics"];
  for (const target of targets) {
    const { status, text } = await rawRequest(server.port, [`GET ${target} HTTP/1.1`, "Host: localhost"]);
    assert.ok(status === 401 || status === 400, `${target} got ${status}`);
    assert.doesNotMatch(text, /lmgate_|uptime/, target);
  }
});

test("S51: a client's key opens nothing on the admin listener, wherever in the request it is", async (t) => {
  const { server, url } = await start(t, { host: "0.0.0.0" });
  const key = "sk-proj-client-key-0123456789abcdef";
  const carriers = [
    bearer(key),
    { "x-api-key": key },
    { "x-goog-api-key": key },
    { "api-key": key },
    { "x-lmgate-key": key },
  ];
  for (const path of ["/metrics", "/api/v1/status", "/api/v1/nothing"]) {
    for (const headers of carriers) assert.equal((await fetch(url(path), { headers })).status, 401, path);
    assert.equal((await rawRequest(server.port, [`GET ${path}?key=${key} HTTP/1.1`, "Host: a"])).status, 401, path);
  }
});

test("S52: only the token in the Authorization header counts", async (t) => {
  const { url, clock } = await start(t, { host: "0.0.0.0" });
  const refused: Record<string, string>[] = [
    {},
    { authorization: "" },
    { authorization: "Bearer" },
    { authorization: "Bearer " },
    { authorization: token },
    { authorization: `Basic ${Buffer.from(`admin:${token}`).toString("base64")}` },
    { authorization: `Bearer ${token}x` },
    { authorization: `Bearer ${token.slice(0, -1)}` },
    { authorization: `Bearer ${token.toUpperCase()}` },
    { authorization: `Bearer ${token}, Bearer ${token}` },
    { cookie: `token=${token}; authorization=Bearer ${token}` },
    { "x-api-key": token },
  ];
  for (const headers of refused) {
    clock.ms += 60_000;
    const response = await fetch(url("/metrics"), { headers });
    assert.equal(response.status, 401, JSON.stringify(headers));
    assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer/);
  }
  for (const query of [`token=${token}`, `access_token=${token}`, `authorization=Bearer%20${token}`]) {
    assert.equal((await fetch(url(`/metrics?${query}`))).status, 401, query);
  }
  assert.equal((await fetch(url("/metrics"), { headers: { authorization: `bearer ${token}` } })).status, 200);
});

test("S52: guessing is throttled to one attempt a second and logged once, without the guesses", async (t) => {
  const { url, clock, logged } = await start(t, { host: "0.0.0.0" });
  const guess = async (text: string): Promise<number> => {
    const response = await fetch(url("/api/v1/status"), { headers: bearer(text) });
    await response.text();
    return response.status;
  };
  const first: number[] = [];
  for (let i = 0; i < 30; i++) first.push(await guess(`guess-number-${i}`));
  assert.deepEqual(first.slice(0, 10), new Array<number>(10).fill(401));
  assert.deepEqual(first.slice(10), new Array<number>(20).fill(429));
  assert.equal(await guess(token), 429, "not even the token is looked at before time has passed");
  assert.equal(logged.length, 1);
  assert.doesNotMatch(logged.join(), /guess-number/);

  clock.ms += 1000;
  assert.equal(await guess(token), 200);
  assert.equal(await guess(token), 200, "a right token uses up nothing");
  assert.equal(await guess("one-more-guess"), 401);
  assert.equal(await guess("and-another-guess"), 429);
  assert.equal((await fetch(url("/healthz"))).status, 200);
});

test("S53: a page under another host name is rejected even where loopback needs no token", async (t) => {
  const { server } = await start(t);
  for (const path of ["/", "/healthz", "/metrics", "/api/v1/status"]) {
    for (const host of ["rebind.evil", "127.0.0.1.evil", "localhost.evil", "0.0.0.0", "1.2.3.4", "[::2]"]) {
      const { status, text } = await rawRequest(server.port, [`GET ${path} HTTP/1.1`, `Host: ${host}:${server.port}`]);
      assert.equal(status, 403, `${host} ${path}`);
      assert.doesNotMatch(text, /lmgate_|uptime|routes/);
    }
    for (const host of ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "[::1]", "localhost:1234"]) {
      const { status } = await rawRequest(server.port, [`GET ${path} HTTP/1.1`, `Host: ${host}`]);
      assert.equal(status, 200, `${host} ${path}`);
    }
  }
});

test("S61: responses without the token contain no key, owner or model, and health is a constant", async (t) => {
  const { metrics, url } = await start(t);
  metrics.allowlist({
    path: "/etc/secret-place/a.csv",
    keys: 2,
    version: 1,
    loadedAt: "2026-01-01T00:00:00Z",
    error: "row of alice: sk-proj-1",
    reloadErrors: 1,
  });
  const text = await (await fetch(url("/metrics"))).text();
  assert.match(text, /^lmgate_allowlist_keys 2$/m);
  assert.doesNotMatch(text, /alice|sk-proj|secret-place|owner|model|masked|key_id/);
  assert.equal(await (await fetch(url("/healthz"))).text(), "ok");
});

test("an unexpected error is logged, and the client sees no details", async (t) => {
  const { url, logged } = await start(t, {
    status: () => {
      throw new Error("inner detail");
    },
  });
  const response = await fetch(url("/api/v1/status"));
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /inner detail/);
  assert.equal(logged.length, 1);
});

test("closing ends idle connections at once and frees the port", async (t) => {
  const { server, url } = await start(t);
  await (await fetch(url("/healthz"))).text();
  await server.close();
  await assert.rejects(fetch(url("/healthz")));
});

test("the error names a port that is in use", async (t) => {
  const { server } = await start(t);
  const log = relayLogger(() => undefined);
  const routes = (): Promise<[]> => Promise.resolve([]);
  const again = startAdmin({ routes, host: "127.0.0.1", port: server.port, token, log });
  await assert.rejects(again, new RegExp(`admin listener cannot listen on 127\\.0\\.0\\.1:${server.port}`));
});

test("rotating the stats file needs a POST with the token, on loopback too", async (t) => {
  const { url } = await start(t);
  const path = url("/api/v1/ledger/rotate");
  assert.equal((await fetch(path, { method: "POST" })).status, 401);
  assert.equal((await fetch(path, { headers: bearer(token) })).status, 404);
  const rotated = await fetch(path, { method: "POST", headers: bearer(token) });
  assert.deepEqual(await rotated.json(), { segment: "stats-20261123T154530.123Z.jsonl" });
});
