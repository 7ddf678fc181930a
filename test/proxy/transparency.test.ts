/**
 * Sends the same bytes to an upstream directly and through the gateway, and records both ends. What the upstream and the
 * client receive must be the same, except for the differences that are named here.
 */
import assert from "node:assert/strict";
import { createHash, randomFillSync } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";

import { nameOf, type RawMessage } from "../harness/raw-message.ts";
import { connectRaw, requestOnce } from "../harness/raw-client.ts";
import { startRawUpstream, type RawUpstream } from "../harness/raw-upstream.ts";
import { startGateway, testKey, type Gateway } from "../harness/gateway.ts";

/** Fields for one hop only (RFC 9110 §7.6.1), which each side writes itself. `Transfer-Encoding` and `Trailer` are compared. */
const hopByHop = new Set(["connection", "keep-alive", "proxy-connection", "proxy-authenticate", "te", "upgrade"]);

interface SentRequest {
  readonly method?: string;
  /** The part after the route's prefix. */
  readonly target?: string;
  /** The header lines as sent, without `Host` and the key. */
  readonly lines?: readonly string[];
  /** The body as sent, with its framing. */
  readonly body?: Buffer | string;
}

describe("through the gateway", () => {
  let upstream: RawUpstream;
  let gateway: Gateway;
  let records = 0;
  before(async () => {
    upstream = await startRawUpstream();
    const origin = `http://127.0.0.1:${upstream.port}`;
    gateway = await startGateway({
      config: {
        providers: {
          openai: { upstream: origin },
          slash: { upstream: `${origin}/` },
          base: { upstream: `${origin}/base/path` },
          baseslash: { upstream: `${origin}/base/path/` },
        },
      },
    });
  });
  after(async () => {
    const exitCode = await gateway.stop();
    await upstream.close();
    assert.equal(exitCode, 0);
    assert.equal((await gateway.records(0)).length, records, "each forwarded call has one record");
  });

  /** Both sides of one request, direct and forwarded. */
  async function bothWays(sent: SentRequest, response: string | Buffer = responses.small): Promise<void> {
    upstream.respond = (socket) => void socket.write(response);
    await compare(sent);
  }

  async function compare(sent: SentRequest): Promise<void> {
    const method = sent.method ?? "POST";
    const direct = await requestOnce(upstream.port, requestBytes(sent, "", upstream.port), method);
    const directRequest = upstream.requests.at(-1);
    records += 1;
    const forwarded = await requestOnce(gateway.port, requestBytes(sent, "/openai", gateway.port), method);
    const forwardedRequest = upstream.requests.at(-1);
    assert.ok(directRequest && forwardedRequest && directRequest !== forwardedRequest, "both calls reach the upstream");
    assertSame(forwardedRequest, directRequest, "request");
    assertSame(forwarded, direct, "response");
  }

  describe("a request arrives with", () => {
    it("its header lines in their order, case, spacing and repetition", async () => {
      await bothWays({
        lines: [
          "x-lower: 1",
          "X-UPPER: 2",
          "x-MiXeD: 3",
          "X-Twice: a",
          "Accept: */*",
          "x-twice: b",
          "X-Twice: a",
          "X-No-Space:value",
          "X-Spaces:   in  front and\tinside",
          "X-Trailing: value  ",
          "X-Empty:",
          "X-Latin1: caf\u00e9 \u00ff",
          "Cookie: a=1; b=2",
          "!#$%&'*+-.^_`|~: every character a name may have",
          "Accept-Encoding: gzip;q=1.0, br, zstd , identity;q=0",
          "User-Agent: odd/1.0 (comment; (nested))",
          "Content-Length: 2",
        ],
        body: "{}",
      });
    });

    it("its method, whatever it is", async () => {
      for (const method of ["GET", "DELETE", "OPTIONS", "PATCH", "PUT", "PROPFIND"]) await bothWays({ method });
    });

    it("its target byte for byte", async () => {
      for (const target of [
        "/v1/models",
        "/v1/models?limit=1000&after=%20a+b%2Fc",
        "/v1//double//slashes/",
        "//v1/leading",
        "/model/arn%3Aaws%3Abedrock%2fmodel/converse",
        "/v1/models/gemini-x:streamGenerateContent?alt=sse",
        "/a;b=c/d,e/(f)/~g/'h'/!$&*",
        "/%7Etilde/%e4%F6",
        "/v1/x?",
        "/v1/x?a=1&a=2&&=&empty",
        '/v1/x?url=http://evil.example/../..&q={}|^`"<>[]',
        "/v1/x?question?more",
        "/.../..a/b..",
        "/",
      ]) {
        await bothWays({ method: "GET", target });
      }
    });

    it("a body of its own length, of no length, and none at all", async () => {
      await bothWays({ lines: ["Content-Length: 5"], body: "hello" });
      await bothWays({ lines: ["Content-Length: 0"] });
      await bothWays({ method: "POST" });
      await bothWays({ method: "GET", lines: ["Content-Length: 3"], body: "abc" });
      await bothWays({ lines: ["content-length:  4 "], body: "four" });
    });

    it("a chunked body and its trailers", async () => {
      await bothWays({
        lines: ["Transfer-Encoding: chunked", "Trailer: X-Checksum, X-Other"],
        body: "5\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nX-Checksum: abc\r\nx-other:  d e \r\n\r\n",
      });
      await bothWays({ lines: ["transfer-encoding: Chunked"], body: "0\r\n\r\n" });
    });

    it("a body in any content encoding, known or not", async () => {
      for (const [coding, body] of encoded('{"model":"gpt-5.5","stream":false}')) {
        await bothWays({ lines: [`Content-Encoding: ${coding}`, `Content-Length: ${body.length}`], body });
      }
    });

    it("five megabytes", async () => {
      const body = randomFillSync(Buffer.alloc(5 * 1024 * 1024));
      await bothWays({ lines: [`Content-Length: ${body.length}`, "Content-Type: application/octet-stream"], body });
    });
  });

  describe("a response arrives with", () => {
    it("its header lines in their order, case, spacing and repetition", async () => {
      await bothWays(
        {},
        "HTTP/1.1 200 OK\r\ndate: Mon, 23 Nov 2026 10:00:00 GMT\r\nServer: odd\r\nSet-Cookie: a=1; Path=/\r\nX-Empty:\r\n" +
          "set-cookie: b=2\r\nVary:Accept\r\nSET-COOKIE: a=1; Path=/\r\nX-Spaces:   many  \r\nX-Latin1: caf\u00e9\r\n" +
          "x-request-id: req_1\r\nVia: 1.1 someone\r\ncontent-length: 2\r\nx-lmgate-error: not ours\r\n\r\n{}",
      );
    });

    it("its status and its reason, known or not", async () => {
      for (const status of ["200 OK", "200 ", "201 Made For You", "299 Whatever (it) is", "404 Nicht gefunden"]) {
        await bothWays({}, `HTTP/1.1 ${status}\r\nContent-Length: 2\r\n\r\nok`);
      }
      for (const status of [
        "401 Unauthorized",
        "418 I'm a teapot",
        "429 Slow down",
        "500 x",
        "529 Overloaded",
        "599 ?",
        "600 Beyond",
        "777 Lucky",
        "999 Request denied",
      ]) {
        await bothWays({}, `HTTP/1.1 ${status}\r\nRetry-After: 7\r\nContent-Length: 7\r\n\r\n{"a":1}`);
      }
      await bothWays({}, "HTTP/1.1 307 Elsewhere\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n");
    });

    it("no body where there is none: HEAD, 204, 304, and a length of zero", async () => {
      await bothWays({ method: "HEAD" }, 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: "x"\r\n\r\n');
      await bothWays({ method: "HEAD" }, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      await bothWays({}, "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n");
      await bothWays({ method: "GET" }, 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 99\r\n\r\n');
      await bothWays({}, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });

    it("chunks and trailers", async () => {
      await bothWays(
        {},
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" +
          "6;ext=1\r\nhello \r\n5\r\nworld\r\n0\r\nX-Sum: 1\r\nx-late:  2 \r\n\r\n",
      );
    });

    it("a body in any content encoding, known or not, whole and chunked", async () => {
      const text = JSON.stringify({ model: "gpt-5.5", usage: { prompt_tokens: 1, completion_tokens: 2 } });
      for (const [coding, body] of encoded(text)) {
        const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: ${coding}\r\n`;
        await bothWays({}, Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]));
        await bothWays({}, Buffer.concat([Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`), chunked(body)]));
      }
    });

    it("a body that says it is compressed and is not", async () => {
      await bothWays({}, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!");
    });

    it("a body that ends with its connection", async () => {
      upstream.respond = (socket) =>
        void socket.end("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end");
      records += 1;
      const reply = await requestOnce(gateway.port, requestBytes({}, "/openai", gateway.port), "POST");
      // LMGate adds only this field, because a cut response could look whole without it.
      assert.deepEqual(reply.lines.filter(isEndToEnd), ["Content-Type: text/plain", "Transfer-Encoding: chunked"]);
      assert.equal(reply.body.toString(), "until the end");
    });

    it("the gateway's own HTTP version, whatever the upstream's is", async () => {
      upstream.respond = (socket) => void socket.end("HTTP/1.0 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok");
      records += 1;
      const result = await requestOnce(gateway.port, requestBytes({}, "/openai", gateway.port), "POST");
      assert.equal(result.startLine, "HTTP/1.1 200 OK");
      assert.deepEqual(result.lines.filter(isEndToEnd), ["X-A: 1", "Content-Length: 2"]);
      assert.equal(result.body.toString(), "ok");
    });

    it("early hints before it", async () => {
      await bothWays(
        {},
        "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
      );
    });

    it("five megabytes", async () => {
      const body = randomFillSync(Buffer.alloc(5 * 1024 * 1024));
      await bothWays(
        {},
        Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body]),
      );
    });
  });

  it("each event of a stream arrives before the next one is written", async () => {
    const events = ["data: 1\n\n", 'data: {"two":2}\r\n\r\n', ": comment\n\n", "data: [DONE]\n\n"];
    const arrived = events.map(() => Promise.withResolvers<void>());
    upstream.respond = async (socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (const [index, event] of events.entries()) {
        socket.write(chunk(Buffer.from(event)));
        await arrived[index]?.promise; // if a hop waits for more, this test never ends
      }
      socket.write("0\r\n\r\n");
    };
    records += 1;
    const client = await connectRaw(gateway.port);
    client.send(requestBytes({}, "/openai", gateway.port));
    for (const [index, event] of events.entries()) {
      await client.waitFor(event);
      arrived[index]?.resolve();
    }
    await client.waitFor("\r\n0\r\n\r\n");
    client.destroy();
  });

  it("the path follows the upstream's own, with and without a slash at the end", async () => {
    upstream.respond = (socket) => void socket.write(responses.small);
    for (const [prefix, target, expected] of [
      ["/openai", "/v1/models", "/v1/models"],
      ["/slash", "/v1/models", "/v1/models"],
      ["/base", "/v1/models", "/base/path/v1/models"],
      ["/baseslash", "/v1/models?x=%2F", "/base/path/v1/models?x=%2F"],
      // A client may join `…/openai/` and `/v1/models` like this.
      ["/openai/", "/v1/models", "//v1/models"],
      ["/base", "/", "/base/path/"],
    ] as const) {
      records += 1;
      await requestOnce(gateway.port, requestBytes({ method: "GET", target }, prefix, gateway.port), "GET");
      assert.equal(upstream.requests.at(-1)?.startLine, `GET ${expected} HTTP/1.1`);
    }
  });

  it("headers that are the gateway's own business do not arrive", async () => {
    upstream.respond = (socket) => void socket.write(responses.small);
    records += 1;
    const lines = ["x-lmgate-tags: team=a", "Connection: x-private, keep-alive", "X-Private: 1", "X-Public: 2"];
    await requestOnce(gateway.port, requestBytes({ method: "GET", lines }, "/openai", gateway.port), "GET");
    const received = upstream.requests.at(-1)?.lines.map(nameOf) ?? [];
    assert.deepEqual(
      received.filter((name) => name.startsWith("x-")),
      ["x-public"],
    );
  });
});

const responses = { small: "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok" };

function requestBytes(sent: SentRequest, prefix: string, port: number): Buffer {
  const { method = "POST", target = "/v1/things", lines = [], body = "" } = sent;
  const head = [
    `${method} ${prefix}${target} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${testKey.key}`,
    ...lines,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), Buffer.from(body)]);
}

function assertSame(forwarded: RawMessage, direct: RawMessage, what: string): void {
  assert.equal(forwarded.startLine, direct.startLine, `${what}: first line`);
  assert.deepEqual(forwarded.lines.filter(isEndToEnd), direct.lines.filter(isEndToEnd), `${what}: header lines`);
  assert.equal(forwarded.body.length, direct.body.length, `${what}: body length`);
  assert.equal(digest(forwarded.body), digest(direct.body), `${what}: body bytes`);
  assert.deepEqual(forwarded.trailers, direct.trailers, `${what}: trailers`);
}

function isEndToEnd(line: string): boolean {
  return !hopByHop.has(nameOf(line));
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function encoded(text: string): readonly (readonly [string, Buffer])[] {
  const bytes = Buffer.from(text);
  return [
    ["gzip", gzipSync(bytes)],
    ["x-gzip", gzipSync(bytes)],
    ["br", brotliCompressSync(bytes)],
    ["deflate", deflateSync(bytes)],
    ["deflate", deflateRawSync(bytes)],
    ["zstd", zstdCompressSync(bytes)],
    ["gzip, br", brotliCompressSync(gzipSync(bytes))],
    ["identity", bytes],
    ["x-of-the-future", Buffer.from([0, 1, 2, 255, 13, 10, 13, 10])],
  ];
}

function chunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

function chunked(body: Buffer): Buffer {
  const middle = Math.ceil(body.length / 2);
  return Buffer.concat([chunk(body.subarray(0, middle)), chunk(body.subarray(middle)), Buffer.from("0\r\n\r\n")]);
}
