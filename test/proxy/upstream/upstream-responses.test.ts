import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { ScriptedProvider } from "../../harness/scripted-provider.ts";
import { statusOf } from "../../harness/raw-message.ts";
import {
  jsonResponse,
  expectedRecord,
  assertErrorResponse,
  chunk,
  get,
  lastChunk,
  post,
  request,
  startProxyFixture,
  streamHead,
  type ProxyFixture,
} from "../fixture.ts";

let fixture: ProxyFixture;
before(async () => {
  fixture = await startProxyFixture();
});
afterEach(() => fixture.clear());
after(() => fixture.stop());

test("R22: bytes after the end of a response reach no client, and the next request gets a new connection", async () => {
  const client = await fixture.client();
  client.send(post());
  const first = await fixture.provider.nextRequest();
  first.connection.send(jsonResponse(1) + jsonResponse(666));
  assert.match((await client.message()).body.toString(), /m-1"/);
  await first.connection.closedByPeer();
  await fixture.record(expectedRecord(1));

  client.send(post());
  const second = await fixture.provider.nextRequest();
  second.connection.send(jsonResponse(2));
  assert.match((await client.message()).body.toString(), /m-2"/);
  await fixture.record(expectedRecord(2));
  assert.equal(client.unread.length, 0);
});

test("R22: a response without a request closes the idle connection that it came on", async () => {
  const client = await fixture.client();
  client.send(post());
  const first = await fixture.provider.nextRequest();
  first.connection.send(jsonResponse(3));
  await client.message();
  await fixture.record(expectedRecord(3));
  first.connection.send(jsonResponse(666));
  await first.connection.closedByPeer();

  client.send(post());
  const second = await fixture.provider.nextRequest();
  second.connection.send(jsonResponse(4));
  assert.match((await client.message()).body.toString(), /m-4"/);
  await fixture.record(expectedRecord(4));
});

test("R23: a 408 on an idle connection is not taken for the response to the next request", async () => {
  const client = await fixture.client();
  client.send(get());
  const first = await fixture.provider.nextRequest();
  first.connection.send(jsonResponse(5));
  await client.message();
  await fixture.record({ status: 200 });
  first.connection.send("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  first.connection.end();
  await first.connection.closedByPeer();

  client.send(post());
  const second = await fixture.provider.nextRequest();
  second.connection.send(jsonResponse(6));
  assert.equal(statusOf(await client.message()), 200);
  await fixture.record(expectedRecord(6));
});

/** A request on a connection that was used before and is reset when the second request arrives. */
async function resetOnReuse(second: string): Promise<{ readonly client: Awaited<ReturnType<ProxyFixture["client"]>> }> {
  const client = await fixture.client();
  client.send(get());
  const { connection } = await fixture.provider.nextRequest();
  connection.send(jsonResponse(7));
  await client.message();
  await fixture.record({ status: 200 });
  client.send(second);
  await connection.message();
  connection.reset();
  return { client };
}

test("R24: a GET whose connection was dying is retried once on a new one", async () => {
  const { client } = await resetOnReuse(get("/openai/v1/models/again"));
  const again = await fixture.provider.nextRequest();
  assert.match(again.request.startLine, /^GET \/v1\/models\/again HTTP/);
  again.connection.send(jsonResponse(8));
  assert.equal(statusOf(await client.message()), 200);
  await fixture.record({ status: 200, error_type: null });
});

test("R24: a GET is not retried twice", async () => {
  const { client } = await resetOnReuse(get());
  const again = await fixture.provider.nextRequest();
  again.connection.reset();
  assertErrorResponse(await client.message(), 502, "upstream_reset");
  await fixture.record({ status: 502, error_type: "upstream_reset" });
  assert.equal(fixture.provider.pending, 0);
});

test("R24: a POST whose connection was dying is 502 and reaches the upstream once", async () => {
  const { client } = await resetOnReuse(post());
  assertErrorResponse(await client.message(), 502, "upstream_reset");
  await fixture.record({ status: 502, error_type: "upstream_reset", method: "POST" });
  assert.equal(fixture.provider.pending, 0);
});

test("R24: a GET whose response had begun is not retried", async () => {
  const client = await fixture.client();
  client.send(get());
  const { connection } = await fixture.provider.nextRequest();
  connection.send("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 2");
  await client.waitFor("102 Processing\r\n\r\n");
  connection.reset();
  await client.message();
  assert.equal(statusOf(await client.message()), 502);
  await fixture.record({ status: 502, error_type: "upstream_reset" });
  assert.equal(fixture.provider.pending, 0);
});

const ok = "HTTP/1.1 200 OK\r\n";
const badHeads: Readonly<Record<string, string>> = {
  "two lengths": `${ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nhey`,
  "a length and chunks": `${ok}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  "a length that is no number": `${ok}Content-Length: +2\r\n\r\nhi`,
  "two codings": `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  "bare line feeds": "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
  "a bare carriage return": `${ok}X: a\rb\r\nContent-Length: 0\r\n\r\n`,
  "a NUL": `${ok}X: a\0b\r\nContent-Length: 0\r\n\r\n`,
  "a folded line": `${ok}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`,
  "a space before the colon": `${ok}Content-Length : 0\r\n\r\n`,
  "another protocol": "SSH-2.0-OpenSSH_9.6\r\n",
  "HTTP/2": "HTTP/2 200\r\n\r\n",
  "four digits of status": "HTTP/1.1 1000 No\r\nContent-Length: 0\r\n\r\n",
  "status 099": "HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n",
  "a head of 70 KB": `${ok}X: ${"a".repeat(70_000)}\r\nContent-Length: 0\r\n\r\n`,
  "2,000 fields": `${ok}${"X: a\r\n".repeat(2_000)}\r\n`,
  "chunks in HTTP/1.0": "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
};

for (const [what, bytes] of Object.entries(badHeads)) {
  const id = what.startsWith("status") ? "R26" : "R25";
  test(`${id}: a response with ${what} is 502`, async () => {
    const client = await fixture.client();
    client.send(post());
    const { connection } = await fixture.provider.nextRequest();
    connection.send(bytes);
    assertErrorResponse(await client.message(), 502, "upstream_invalid");
    await connection.closedByPeer();
    await fixture.record({ status: 502, error_type: "upstream_invalid", input_tokens: null });
  });
}

const badChunks: Readonly<Record<string, string>> = {
  "a size that is no number": "0x5\r\nhello\r\n",
  "a sign": "+5\r\nhello\r\n",
  "bare line feeds": "5\nhello\n",
  "data longer than the size": "3\r\nhello\r\n",
  "a size too large to count": "fffffffffffffffff\r\n",
};

for (const [what, bytes] of Object.entries(badChunks)) {
  test(`R25: a chunk with ${what} aborts the response`, async () => {
    const client = await fixture.client();
    client.send(post());
    const { connection } = await fixture.provider.nextRequest();
    connection.send(streamHead + chunk("data: {}\n\n"));
    await client.waitFor("data: {}");
    connection.send(bytes + lastChunk);
    await client.hasEnded();
    assert.ok(!client.text.includes(lastChunk), "the response does not look complete");
    await connection.closedByPeer();
    await fixture.record({ status: 200, error_type: "upstream_invalid", usage_state: "missing" });
  });
}

test("R26: an unusual but valid status is forwarded with its reason", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send("HTTP/1.1 529 Site \xfcberlastet\r\nContent-Length: 0\r\n\r\n");
  assert.equal((await client.message()).startLine, "HTTP/1.1 529 Site \xfcberlastet");
  await fixture.record({ status: 529, error_type: "http_529", usage_state: "not_applicable" });
});

for (const status of [301, 302, 307, 308]) {
  test(`R27: a ${status} is forwarded and not followed`, async (t) => {
    const elsewhere = await ScriptedProvider.start();
    t.after(() => elsewhere.stop());
    const client = await fixture.client();
    client.send(get());
    const { connection } = await fixture.provider.nextRequest();
    const sent = `HTTP/1.1 ${status} Elsewhere\r\nLocation: ${elsewhere.url}/evil\r\nContent-Length: 0\r\n\r\n`;
    connection.send(sent);
    await client.message();
    assert.equal(client.text, sent);
    await fixture.record({ status, error_type: null });
    assert.deepEqual([elsewhere.connections.length, fixture.provider.pending], [0, 0]);
  });
}

test("R30: interim responses are forwarded before the final one", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  const interim = `${"HTTP/1.1 102 Processing\r\n\r\n".repeat(50)}HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n`;
  connection.send(`HTTP/1.1 100 Continue\r\n\r\n${interim}${jsonResponse(9)}`);
  await client.waitFor("m-9");
  assert.equal(client.text, interim + jsonResponse(9), "an unrequested 100 is ignored");
  await fixture.record(expectedRecord(9));
});

test("R30: endless interim responses are 502", async () => {
  const client = await fixture.client();
  client.send(get().replace("HTTP/1.1", "HTTP/1.0"));
  const { connection } = await fixture.provider.nextRequest();
  connection.send("HTTP/1.1 102 Processing\r\n\r\n".repeat(101));
  assertErrorResponse(await client.message(), 502, "upstream_invalid");
  await fixture.record({ status: 502, error_type: "upstream_invalid" });
});

test("R31: a 101 that the client did not ask for is 502", async () => {
  const client = await fixture.client();
  client.send(post());
  const { connection } = await fixture.provider.nextRequest();
  connection.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  assertErrorResponse(await client.message(), 502, "upstream_invalid");
  await connection.closedByPeer();
  await fixture.record({ status: 502, error_type: "upstream_invalid" });
});

const bodiless: Readonly<Record<string, readonly [method: string, head: string]>> = {
  "a 204": ["GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"],
  "a 304": ["GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"],
  "a response to HEAD": ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"],
};

for (const [what, [method, head]] of Object.entries(bodiless)) {
  test(`R32: ${what} has no body whatever its length says, and bytes after it close its connection`, async () => {
    const client = await fixture.client();
    client.send(request(method, "/openai/v1/models"));
    const { connection } = await fixture.provider.nextRequest();
    connection.send(`${head}stray`);
    await client.message("none");
    assert.equal(client.text, head);
    await connection.closedByPeer();
    await fixture.record({ error_type: null, response_bytes: 0 });

    client.send(post());
    const next = await fixture.provider.nextRequest();
    next.connection.send(jsonResponse(10));
    await client.waitFor("m-10");
    assert.equal(client.text, head + jsonResponse(10));
    await fixture.record(expectedRecord(10));
  });
}

test("R32: a response to HEAD leaves the connection reusable", async () => {
  const client = await fixture.client();
  client.send(request("HEAD", "/openai/v1/models"));
  const { connection } = await fixture.provider.nextRequest();
  connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  await client.message("none");
  await fixture.record({ status: 200, response_bytes: 0 });
  client.send(post());
  await connection.message();
  connection.send(jsonResponse(11));
  await client.waitFor("m-11");
  await fixture.record(expectedRecord(11));
});

test("a framing field of the response stays even if Connection names it", async () => {
  const client = await fixture.client();
  client.send(get());
  const { connection } = await fixture.provider.nextRequest();
  connection.send("HTTP/1.1 200 OK\r\nConnection: content-length\r\nContent-Length: 5\r\n\r\nhello");
  assert.equal((await client.message()).body.toString(), "hello");
  await fixture.record({ status: 200 });
});
