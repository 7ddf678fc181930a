// Every route of the admin listener, with every kind of credential. A new route fails until it is listed here.
import assert from "node:assert/strict";
import { test } from "node:test";
import { allRoutes } from "./api-routes.ts";
import { rawRequest } from "./raw-request.ts";
import { bearer, start, token, type Started } from "./start.ts";

type Access = "public" | "loopback" | "authenticated";

const ACCESS: Readonly<Record<string, Access>> = {
  "get /": "public",
  "get /healthz": "public",
  "get /api/v1/session": "public",
  "post /api/v1/session": "public",
  "delete /api/v1/session": "public",
  "get /metrics": "loopback",
  "get /api/v1/status": "loopback",
  "get /openapi.json": "loopback",
  "post /api/v1/ledger/rotate": "authenticated",
  "post /api/v1/reload": "authenticated",
  "get /api/v1/usage": "authenticated",
  "get /api/v1/dimensions/{dimension}": "authenticated",
  "get /api/v1/nearest": "authenticated",
  "get /api/v1/requests": "authenticated",
  "get /api/v1/requests/stream": "authenticated",
  "get /api/v1/requests/{id}": "authenticated",
  "get /api/v1/export.csv": "authenticated",
  "get /api/v1/export.jsonl": "authenticated",
  "get /api/v1/export.parquet": "authenticated",
  "get /api/v1/keys": "authenticated",
  "post /api/v1/keys": "authenticated",
  "patch /api/v1/keys/{id}": "authenticated",
  "post /api/v1/keys/{id}/rotate": "authenticated",
  "delete /api/v1/keys/{id}": "authenticated",
  "post /api/v1/keys/import": "authenticated",
  "get /api/v1/prices": "authenticated",
  "get /api/v1/prices/unpriced": "authenticated",
  "put /api/v1/prices/overrides/{provider}/{model}": "authenticated",
  "delete /api/v1/prices/overrides/{provider}/{model}": "authenticated",
  "get /api/v1/system": "authenticated",
  "get /api/v1/providers": "authenticated",
};

const rows = allRoutes().map(({ method, path, access }) => ({ method, path, access, name: `${method} ${path}` }));
const changing = rows.filter(({ method }) => method !== "get");
const clientKey = "sk-proj-client-key-0123456789abcdef";

test("the table of routes and their access is the one in the code", () => {
  assert.deepEqual(Object.fromEntries(rows.map(({ name, access }) => [name, access])), ACCESS);
});

for (const host of ["127.0.0.1", "0.0.0.0"]) {
  test(`S51, S52: on ${host} each route admits exactly the clients of its access level`, async (t) => {
    const started = await start(t, { host });
    const session = await signIn(started);
    const wrong = host === "0.0.0.0" ? 401 : undefined;
    for (const { name, access } of rows) {
      const ask = (headers: Record<string, string>): Promise<number> => statusOf(started, name, headers);
      const withoutCredential = await ask({});
      if (access === "public")
        assert.ok(isLetIn(withoutCredential), `${name} without a credential: ${withoutCredential}`);
      else if (access === "loopback" && wrong === undefined)
        assert.equal(withoutCredential, 200, `${name} without a credential`);
      else assert.equal(withoutCredential, 401, `${name} without a credential`);
      if (access !== "public") {
        started.clock.ms += 60_000;
        assert.equal(await ask(bearer("a-wrong-token-of-some-length")), 401, `${name} with a wrong token`);
        assert.equal(await ask(bearer(clientKey)), 401, `${name} with a client's key`);
        assert.equal(await ask({ cookie: `${session.name}=made-up` }), 401, `${name} with a made-up cookie`);
        assert.equal(await ask({ cookie: `${session.name}=${token}` }), 401, `${name} with the token as a cookie`);
      }
      const withToken = await ask(bearer(token));
      assert.ok(isLetIn(withToken), `${name} with the token: ${withToken}`);
      if (name === "delete /api/v1/session") continue;
      const inSession = await ask({ cookie: session.cookie, "x-lmgate-csrf": session.csrf });
      assert.ok(isLetIn(inSession), `${name} in a session: ${inSession}`);
    }
  });
}

test("S54: with a cookie alone, or from a page of another site, nothing is changed", async (t) => {
  const started = await start(t);
  const session = await signIn(started);
  const own = `http://127.0.0.1:${started.server.port}`;
  const good = { cookie: session.cookie, "x-lmgate-csrf": session.csrf, origin: own, "sec-fetch-site": "same-origin" };
  const bad: readonly (readonly [string, Record<string, string>])[] = [
    ["a wrong header", { ...good, "x-lmgate-csrf": "x".repeat(43) }],
    ["another origin", { ...good, origin: "https://evil.example" }],
    ["an origin that is null", { ...good, origin: "null" }],
    ["the same host on another port", { ...good, origin: "http://127.0.0.1:1" }],
    ["another site", { ...good, "sec-fetch-site": "cross-site" }],
    ["a neighboring site", { ...good, "sec-fetch-site": "same-site" }],
  ];
  for (const { name, access } of changing) {
    // This route requires a body; the tests of sessions send one.
    if (name === "post /api/v1/session") continue;
    for (const [what, headers] of bad) {
      if (what === "a wrong header" && access === "public") continue;
      assert.equal(await statusOf(started, name, headers), 403, `${name} with ${what}`);
    }
    const { "x-lmgate-csrf": _csrf, ...cookieAlone } = good;
    if (access !== "public")
      assert.equal(await statusOf(started, name, cookieAlone), 403, `${name} without the header`);
    if (name === "delete /api/v1/session") continue;
    const status = await statusOf(started, name, good);
    assert.ok(isLetIn(status), `${name} from the page itself: ${status}`);
  }
});

test("S54: only a JSON body is accepted, with any credential", async (t) => {
  const started = await start(t);
  const withBody = rows.filter(({ method, path }) => allRoutes().some((row) => isSame(row, method, path) && row.body));
  assert.ok(withBody.length > 5);
  for (const { name } of withBody) {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const status = await statusOf(started, name, { ...bearer(token), "content-type": type });
      assert.equal(status, 415, `${name} as ${type}`);
    }
  }
});

test("S53: no route serves a page under another host name, with a session cookie or without", async (t) => {
  const started = await start(t);
  const session = await signIn(started);
  for (const { method, path, name } of rows) {
    const target = path.replaceAll(/\{\w+\}/g, "x");
    for (const cookie of [[], [`Cookie: ${session.cookie}`, `X-Lmgate-Csrf: ${session.csrf}`]]) {
      const head = [`${method.toUpperCase()} ${target} HTTP/1.1`, "Host: rebind.evil", "Content-Length: 0", ...cookie];
      const { status } = await rawRequest(started.server.port, head);
      assert.equal(
        status,
        ACCESS[name] === "authenticated" && cookie.length === 0 ? 401 : 403,
        `${name} ${cookie.length}`,
      );
    }
  }
});

test("every rejection of every route is a problem document without CORS headers", async (t) => {
  const { url } = await start(t, { host: "0.0.0.0" });
  for (const { method, path, access, name } of rows) {
    if (access === "public") continue;
    const headers = { origin: "https://evil.example" };
    const response = await fetch(url(path.replaceAll(/\{\w+\}/g, "x")), { method: method.toUpperCase(), headers });
    assert.equal(response.headers.get("content-type"), "application/problem+json", name);
    const body: unknown = await response.json();
    assert.deepEqual(Object.keys(body as object).toSorted(), ["detail", "status", "title", "type"], name);
    const foreign = [...response.headers.keys()].filter((header) => header.startsWith("access-control"));
    assert.deepEqual(foreign, [], name);
  }
});

test("the response to a HEAD ends, even where a GET would stream", async (t) => {
  const { url } = await start(t);
  for (const path of ["/metrics", "/api/v1/requests/stream", "/api/v1/keys"]) {
    const response = await fetch(url(path), { method: "HEAD", headers: bearer(token) });
    assert.equal(await response.text(), "", path);
  }
});

interface Session {
  readonly name: string;
  readonly cookie: string;
  readonly csrf: string;
}

async function signIn({ url }: Started): Promise<Session> {
  const response = await fetch(url("/api/v1/session"), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
  assert.equal(response.status, 200);
  const [cookie = ""] = (response.headers.get("set-cookie") ?? "").split(";");
  const { csrf } = (await response.json()) as { csrf: string }; // as: the contract's
  return { name: cookie.split("=")[0] ?? "", cookie, csrf };
}

/** True if the request passed the access check, even if it then fails for another reason. */
function isLetIn(status: number): boolean {
  return [200, 204, 302, 400, 404, 409, 415, 422, 503].includes(status);
}

function isSame(row: { readonly method: string; readonly path: string }, method: string, path: string): boolean {
  return row.method === method && row.path === path;
}

async function statusOf({ url }: Started, name: string, headers: Record<string, string>): Promise<number> {
  const [method = "", path = ""] = name.split(" ");
  const over = new AbortController();
  const response = await fetch(url(path.replaceAll(/\{\w+\}/g, "x")), {
    method: method.toUpperCase(),
    headers,
    redirect: "manual",
    signal: over.signal,
  });
  // A stream would not end by itself.
  if (response.headers.get("content-type")?.startsWith("text/event-stream") === true) over.abort();
  else await response.text();
  return response.status;
}
