// Why the connection to a provider failed is in the record, in the log and in `lmgate doctor`, and not in the response.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import type { UpstreamErrorCode } from "../../../src/core/request/upstream-error-code.ts";
import { gatewayError } from "../../../src/proxy/admission/error-responses.ts";
import { openTestAuthority, type TestAuthority } from "../../harness/certificates.ts";
import { run } from "../../harness/run-program.ts";
import { eventually } from "../../harness/until.ts";
import { assertErrorResponse, post, startProxyFixture, type ProxyFixture } from "../fixture.ts";

interface Fault {
  readonly provider: string;
  readonly code: UpstreamErrorCode;
  readonly errorType: "upstream_unreachable" | "upstream_reset" | "upstream_timeout";
  readonly upstream: string;
}

const main = join(import.meta.dirname, "../../../src/cli/main.ts");

let authority: TestAuthority | undefined;
let fixture: ProxyFixture;
const servers: Server[] = [];
const sockets: Socket[] = [];
const faults: Fault[] = [];

before(async () => {
  authority = await openTestAuthority();
  if (authority === undefined) return;
  const names = "DNS:localhost,IP:127.0.0.1";
  const valid = await authority.issue(names);
  await addFault("expired", "tls_expired", await authority.issue(names, -1));
  await addFault("elsewhere", "tls_name_mismatch", await authority.issue("DNS:elsewhere.test"));
  await addFault("version", "tls_version", {
    ...valid,
    maxVersion: "TLSv1.1",
    minVersion: "TLSv1",
    ciphers: "ALL:@SECLEVEL=0",
  });
  await addFault("alpn", "tls_alpn", { ...valid, ALPNProtocols: ["h2"] });
  const other = await openTestAuthority();
  if (other !== undefined) await addFault("unknown", "tls_unknown_ca", await other.issue(names));
  await other?.remove();
  const demanding = { ...valid, requestCert: true, rejectUnauthorized: true, ca: authority.cert };
  await addFault("client", "tls_client_certificate_required", demanding, "upstream_reset");
  await addFault("oldclient", "tls_handshake", { ...demanding, maxVersion: "TLSv1.2" });
  add(
    "plain",
    "tls_not_spoken",
    `https://127.0.0.1:${await serve((socket) => void socket.end("HTTP/1.1 400 Bad\r\n\r\n"))}`,
  );
  add("leaving", "reset", `https://127.0.0.1:${await serve((socket) => void socket.resetAndDestroy())}`);
  add("silent", "tls_timeout", `https://127.0.0.1:${await serve(() => undefined)}`, "upstream_timeout");
  const closing = await serve((socket) => void socket.once("data", () => socket.end()));
  add("closing", "closed", `http://127.0.0.1:${closing}`, "upstream_reset");
  add("port_closed", "port_closed", `http://127.0.0.1:${await closedPort()}`);
  const providers = Object.fromEntries(faults.map(({ provider, upstream }) => [provider, { upstream }]));
  fixture = await startProxyFixture({
    config: { timeouts: { connect_seconds: 5 }, providers },
    env: { NODE_EXTRA_CA_CERTS: authority.path },
  });
});

after(async () => {
  if (authority === undefined) return;
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  await fixture.clear();
  await fixture.stop();
  await authority.remove();
});

test("the record and the log say why the connection to a provider failed, and the response does not", async (t) => {
  if (authority === undefined) return skip(t);
  for (const { provider, code, errorType } of faults) {
    const client = await fixture.client();
    client.send(post().replace("/openai/", `/${provider}/`));
    const response = await client.message();
    assertErrorResponse(response, errorType === "upstream_timeout" ? 504 : 502, errorType);
    assert.deepEqual(JSON.parse(response.body.toString()), {
      error: errorType,
      message: gatewayError({ kind: "upstream", fault: errorType }).message,
    });
    await fixture.record({ provider, error_type: errorType, error_code: code });
  }
  await eventually("every reason is in the log", () => {
    const lines = fixture.gateway.output().stdout.split("\n");
    return faults.every(({ provider, code }) =>
      lines.some((line) => line.includes(`"provider":"${provider}","code":"${code}"`)),
    );
  });
});

test("doctor names the same reasons", async (t) => {
  if (authority === undefined) return skip(t);
  const { directory } = fixture.gateway;
  const doctor = [process.execPath, main, "doctor", "--json", "--config", `${directory}/lmgate.yaml`];
  const { stdout } = await run("env", [`NODE_EXTRA_CA_CERTS=${authority.path}`, ...doctor], directory);
  const { checks } = JSON.parse(stdout) as { checks: readonly { name: string; detail: string }[] }; // as: doctor's own
  // These two it knows only as no response, and as a reset.
  const byDoctor = faults.filter(({ provider }) => !["silent", "closing"].includes(provider));
  for (const { provider, code } of byDoctor) {
    const check = checks.find(({ name }) => name === `Provider ${provider}`);
    assert.ok(check?.detail.includes(`: ${code}: `), `${provider}: ${check?.detail}`);
  }
});

function add(
  provider: string,
  code: UpstreamErrorCode,
  upstream: string,
  errorType: Fault["errorType"] = "upstream_unreachable",
): void {
  faults.push({ provider, code, errorType, upstream });
}

async function addFault(
  provider: string,
  code: UpstreamErrorCode,
  tls: TlsOptions,
  errorType?: Fault["errorType"],
): Promise<void> {
  const server = createTlsServer(tls);
  server.on("tlsClientError", () => undefined);
  add(provider, code, `https://127.0.0.1:${await listen(server)}`, errorType);
}

async function serve(accept: (socket: Socket) => void): Promise<number> {
  return listen(createServer(accept));
}

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on("connection", (socket: Socket) => {
    socket.on("error", () => undefined);
    sockets.push(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port; // as: it listens on a host and port
}

async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}

function skip(t: { diagnostic(text: string): void; skip(text: string): void }): void {
  t.diagnostic("SKIPPED: there is no openssl to make certificates with");
  t.skip("no openssl");
}
