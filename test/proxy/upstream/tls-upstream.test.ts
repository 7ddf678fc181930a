import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { TlsOptions } from "node:tls";
import { after, before, describe, it } from "node:test";

import { requestOnce } from "../../harness/raw-client.ts";
import { startRawUpstream, type RawUpstream } from "../../harness/raw-upstream.ts";
import { startGateway, testKey, type Gateway, type GatewayOptions } from "../../harness/gateway.ts";

const certificate = (name: string): string => fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
async function identity(name: string): Promise<{ key: string; cert: string }> {
  const [key, cert] = await Promise.all([
    readFile(certificate(`${name}-key.pem`), "utf8"),
    readFile(certificate(`${name}.pem`), "utf8"),
  ]);
  return { key, cert };
}

const withTestAuthority = { NODE_EXTRA_CA_CERTS: certificate("ca.pem") };
const body = '{"model":"gpt-5.5"}';

function requestOf(prefix: string): string {
  const lines = [`POST /${prefix}/v1/things HTTP/1.1`, "Host: gateway", `Authorization: Bearer ${testKey.key}`];
  return [...lines, `Content-Length: ${body.length}`, "", body].join("\r\n");
}

describe("an upstream that speaks TLS", () => {
  let upstream: RawUpstream;
  before(async () => {
    upstream = await startRawUpstream({ tls: await identity("server") });
    upstream.respond = (socket) => void socket.write("HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok");
  });
  after(() => upstream.close());

  /** Closes the server also if the test fails; it would otherwise keep the process running. */
  async function usingUpstream(tls: TlsOptions, test: (upstream: RawUpstream) => Promise<void>): Promise<void> {
    const opened = await startRawUpstream({ tls });
    try {
      await test(opened);
    } finally {
      await opened.close();
    }
  }

  async function within(options: GatewayOptions, test: (gateway: Gateway) => Promise<void>): Promise<void> {
    const gateway = await startGateway(options);
    try {
      await test(gateway);
    } finally {
      await gateway.stop();
    }
  }

  it("gets the same bytes, by name and by address, on connections that are used again", async () => {
    const providers = {
      openai: { upstream: `https://localhost:${upstream.port}` },
      address: { upstream: `https://127.0.0.1:${upstream.port}/` },
    };
    await within({ config: { providers }, env: withTestAuthority }, async (gateway) => {
      for (const [prefix, host] of [
        ["openai", `localhost:${upstream.port}`],
        ["address", `127.0.0.1:${upstream.port}`],
      ] as const) {
        const before = upstream.seen.connections;
        for (let turn = 0; turn < 3; turn += 1) {
          const response = await requestOnce(gateway.port, requestOf(prefix), "POST");
          assert.equal(response.startLine, "HTTP/1.1 200 OK");
          assert.ok(response.lines.includes("X-A: 1"));
          assert.equal(response.body.toString(), "ok");
          const request = upstream.requests.at(-1);
          assert.equal(request?.body.toString(), body);
          assert.ok(request.lines.includes(`Host: ${host}`));
        }
        assert.equal(upstream.seen.connections, before + 1, "one connection carries all three");
      }
    });
  });

  it("R35: gets nothing, not even the key, if its certificate is not trusted", async () => {
    await assertRejected(upstream, {});
  });

  it("R35: gets nothing while its certificate has another name", async () => {
    await usingUpstream(await identity("elsewhere"), (elsewhere) => assertRejected(elsewhere, withTestAuthority));
  });

  it("R35: gets nothing while it speaks no TLS newer than 1.0", async () => {
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    const tls = { ...(await identity("server")), ...old };
    await usingUpstream(tls, (ancient) => assertRejected(ancient, withTestAuthority));
  });

  it("R35: is asked again for its certificate on a new connection, whatever it showed before", async () => {
    await usingUpstream(await identity("server"), assertAskedAgain);
  });

  async function assertAskedAgain(changing: RawUpstream): Promise<void> {
    changing.respond = (socket) =>
      void socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    const providers = { openai: { upstream: `https://localhost:${changing.port}` } };
    await within({ config: { providers }, env: withTestAuthority }, async (gateway) => {
      const statusNow = async (): Promise<string> => {
        const { startLine } = await requestOnce(gateway.port, requestOf("openai"), "POST");
        return startLine.split(" ")[1] ?? "";
      };
      assert.deepEqual([await statusNow(), await statusNow()], ["200", "200"]);
      changing.present(await identity("server"));
      assert.equal(await statusNow(), "200", "renewed");
      changing.present(await identity("elsewhere"));
      const { bytes } = { ...changing.seen };
      assert.equal(await statusNow(), "502", "another name");
      assert.equal(changing.seen.bytes, bytes, "and was told nothing");
      changing.present(await identity("server"));
      assert.equal(await statusNow(), "200", "fixed");
    });
  }

  async function assertRejected(rejected: RawUpstream, env: Readonly<Record<string, string>>): Promise<void> {
    const { connections, bytes } = { ...rejected.seen };
    const providers = { openai: { upstream: `https://localhost:${rejected.port}` } };
    await within({ config: { providers }, env }, async (gateway) => {
      const received = await requestOnce(gateway.port, requestOf("openai"), "POST");
      assert.match(received.startLine, /^HTTP\/1\.1 502 /);
      const [record] = await gateway.records(1);
      assert.equal(record?.error_type, "upstream_unreachable");
    });
    assert.ok(rejected.seen.connections > connections, "it was reached");
    assert.equal(rejected.seen.bytes, bytes, "and was told nothing");
  }

  it("delivers five megabytes", async () => {
    const size = 5 * 1024 * 1024;
    const payload = Buffer.alloc(size, "abcdefghij");
    const previous = upstream.respond;
    upstream.respond = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      socket.write(payload);
    };
    const providers = { openai: { upstream: `https://localhost:${upstream.port}` } };
    try {
      await within({ config: { providers }, env: withTestAuthority }, async (gateway) => {
        const reply = await requestOnce(gateway.port, requestOf("openai"), "POST");
        assert.ok(reply.body.equals(payload));
      });
    } finally {
      upstream.respond = previous;
    }
  });
});
