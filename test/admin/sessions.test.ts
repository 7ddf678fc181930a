import assert from "node:assert/strict";
import { request } from "node:http";
import { once } from "node:events";
import { test } from "node:test";
import { bearer, start, token, type Started } from "./start.ts";

const HOUR = 3_600_000;

test("signing in sets a cookie for this listener only, hidden from scripts and other sites", async (t) => {
  const started = await start(t);
  const response = await signIn(started);
  const [pair = "", ...attributes] = (response.headers.get("set-cookie") ?? "").split("; ");
  assert.match(pair, new RegExp(`^lmgate_session_${started.server.port}=[A-Za-z0-9_-]{43}$`));
  assert.deepEqual(attributes.toSorted(), ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=Strict"]);
  const body = await response.text();
  assert.match(body, /^\{"signedIn":true,"csrf":"[A-Za-z0-9_-]{43}"\}$/);
  assert.ok(!body.includes(token) && !pair.includes(token));
});

test("a browser learns whether it is signed in, and nothing else if it is not", async (t) => {
  const started = await start(t);
  const ask = async (cookie: string): Promise<unknown> =>
    (await fetch(started.url("/api/v1/session"), { headers: { cookie } })).json();
  const signedOut = { signedIn: false, csrf: null };
  assert.deepEqual(await ask(""), signedOut);
  const { cookie, csrf } = await openSession(started);
  assert.deepEqual(await ask(cookie), { signedIn: true, csrf });
  assert.deepEqual(await ask(`${cookie}x`), signedOut);
  assert.deepEqual(await ask(cookie.replace("lmgate_session_", "lmgate_session_1")), signedOut);
});

test("signing out ends a session and its streams", async (t) => {
  const started = await start(t);
  const one = await openSession(started);
  const other = await openSession(started);
  const stream = await fetch(started.url("/api/v1/requests/stream"), { headers: { cookie: one.cookie } });
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader() ?? assert.fail("no stream");
  assert.match((await reader.read()).value ?? "", /^event: alive\n/);
  const signOut = await fetch(started.url("/api/v1/session"), { method: "DELETE", headers: { cookie: one.cookie } });
  assert.deepEqual(await signOut.json(), { signedIn: false, csrf: null });
  assert.match(signOut.headers.get("set-cookie") ?? "", /^lmgate_session_\d+=; Max-Age=0;/);
  while (!(await reader.read()).done);
  assert.equal(await keysAs(started, one.cookie), 401);
  assert.notEqual(await keysAs(started, other.cookie), 401);
});

test("a session ends after twelve hours, and with the process", async (t) => {
  const started = await start(t);
  const { cookie } = await openSession(started);
  started.clock.ms += 12 * HOUR;
  assert.notEqual(await keysAs(started, cookie), 401);
  started.clock.ms += 1;
  assert.equal(await keysAs(started, cookie), 401);
  const next = await start(t);
  assert.equal(await keysAs(next, cookie.replace(/_\d+=/, `_${next.server.port}=`)), 401);
});

test("S52: wrong tokens at sign-in are throttled like those in headers, and sessions still work", async (t) => {
  const started = await start(t);
  const { cookie } = await openSession(started);
  const statuses: number[] = [];
  for (let count = 0; count < 15; count++) statuses.push((await signIn(started, `wrong-token-number-${count}`)).status);
  assert.deepEqual(statuses, [...new Array<number>(10).fill(401), ...new Array<number>(5).fill(429)]);
  assert.equal((await signIn(started)).status, 429);
  assert.notEqual(await keysAs(started, cookie), 401);
  started.clock.ms += 1000;
  assert.equal((await signIn(started)).status, 200);
  assert.equal(started.logged.length, 1);
  assert.doesNotMatch(started.logged.join(), /wrong-token/);
});

test("a page of another site cannot sign a browser in", async (t) => {
  const started = await start(t);
  for (const headers of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }]) {
    assert.equal((await signIn(started, token, headers)).status, 403);
  }
});

test("without a token no large body is buffered, with a Content-Length or without", async (t) => {
  const started = await start(t);
  const headers = { "content-type": "application/json" };
  const said = await fetch(started.url("/api/v1/session"), { method: "POST", headers, body: "x".repeat(20_000) });
  assert.equal(said.status, 413);
  const endless = request(started.url("/api/v1/session"), { method: "POST", headers, agent: false });
  endless.on("error", () => undefined); // the listener may cut it
  const responded: Promise<readonly unknown[]> = once(endless, "response");
  const block = Buffer.alloc(16 * 1024, "x");
  const write = (): void => {
    while (!endless.destroyed && endless.write(block));
  };
  endless.on("drain", write);
  write();
  const [response] = await responded;
  assert.equal((response as { statusCode: number }).statusCode, 413); // as: node:http's own event
  endless.destroy();
});

test("an invalid body is rejected with the place of the error", async (t) => {
  const { url } = await start(t);
  const post = async (body: string): Promise<unknown> => {
    const headers = { ...bearer(token), "content-type": "application/json; charset=utf-8" };
    return (await fetch(url("/api/v1/keys"), { method: "POST", headers, body })).json();
  };
  assert.partialDeepStrictEqual(await post("{"), { status: 400, detail: "The body is not valid JSON." });
  assert.partialDeepStrictEqual(await post('{"owner":"","columns":{"Bad Name":"x"},"more":1}'), {
    status: 422,
    errors: [{ where: "owner" }, { where: "columns.Bad Name" }, { where: "body" }],
  });
});

function signIn({ url }: Started, text = token, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url("/api/v1/session"), {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ token: text }),
  });
}

async function openSession(started: Started): Promise<{ readonly cookie: string; readonly csrf: string }> {
  const response = await signIn(started);
  const [cookie = ""] = (response.headers.get("set-cookie") ?? "").split(";");
  const { csrf } = (await response.json()) as { csrf: string }; // as: the contract's
  return { cookie, csrf };
}

async function keysAs({ url }: Started, cookie: string): Promise<number> {
  const response = await fetch(url("/api/v1/keys"), { headers: { cookie } });
  await response.text();
  return response.status;
}
