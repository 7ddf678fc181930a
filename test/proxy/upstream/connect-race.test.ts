// Connecting to an upstream with several addresses, on real sockets of the loopback network; only the resolver is a fake.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { after, test, type TestContext } from "node:test";
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from "node:tls";
import type { UpstreamErrorCode } from "../../../src/core/request/upstream-error-code.ts";
import { TimerWheel } from "../../../src/proxy/io/timer-wheel.ts";
import { ConnectRace } from "../../../src/proxy/upstream/connect-race.ts";
import { DnsCache } from "../../../src/proxy/upstream/dns-cache.ts";
import { openTestAuthority } from "../../harness/certificates.ts";
import { listenWithoutRoom } from "../../harness/full-listener.ts";
import { eventually, Waiting } from "../../harness/until.ts";

const clock = (): number => performance.now();
const wheel = new TimerWheel(clock);
after(() => wheel.close());

type Result = { readonly winner: Socket } | { readonly lost: UpstreamErrorCode | undefined };

interface Running {
  readonly race: ConnectRace;
  readonly result: Promise<Result>;
}

function start(t: TestContext, addresses: readonly string[], port: number, secure = false): Running {
  const dns = new DnsCache(clock, (_host, _options, done) => {
    setImmediate(() =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      ),
    );
  });
  const { promise: result, resolve } = Promise.withResolvers<Result>();
  const context = {
    upstream: { secure, host: "provider.test", port, pathPrefix: "", authority: "provider.test" },
    readBuffer: Buffer.alloc(1_024),
    tlsSession: undefined,
    onTlsSession: () => undefined,
    dns,
    wheel,
    listenAddress: { host: "127.0.0.1", port: 1 },
  };
  const race = new ConnectRace(context, {
    raceWon(winner) {
      t.after(() => winner.destroy());
      winner.on("error", () => undefined);
      resolve({ winner });
    },
    raceLost: (lost) => resolve({ lost }),
    received: () => undefined,
  });
  t.after(() => race.stop());
  race.start();
  return { race, result };
}

interface Listening {
  readonly port: number;
  /** The connections that were accepted, in order. */
  readonly accepted: readonly Socket[];
  connection(at: number): Promise<Socket>;
}

/** `host` listens; what arrives is left to the test. */
async function listen(t: TestContext, host: string, port = 0, server: Server = createServer()): Promise<Listening> {
  const accepted: Socket[] = [];
  const waiting = new Waiting();
  server.on("connection", (socket: Socket) => {
    socket.on("error", () => undefined);
    accepted.push(socket);
    waiting.changed();
  });
  server.listen(port, host);
  await once(server, "listening");
  t.after(() => {
    for (const socket of accepted) socket.destroy();
    server.close();
  });
  const connection = (at: number): Promise<Socket> => waiting.until(`connection ${at}`, () => accepted[at]);
  return { port: (server.address() as AddressInfo).port, accepted, connection }; // as: it listens on a host and port
}

async function winnerOf({ result }: Running): Promise<Socket> {
  const ended = await result;
  assert.ok("winner" in ended, JSON.stringify(ended));
  return ended.winner;
}

async function lossOf({ result }: Running): Promise<UpstreamErrorCode | undefined> {
  const ended = await result;
  assert.ok("lost" in ended);
  return ended.lost;
}

function skip(t: TestContext, why: string): void {
  t.diagnostic(`SKIPPED: ${why}`);
  t.skip(why);
}

test("the first address wins if it accepts", async (t) => {
  const first = await listen(t, "127.0.0.2");
  await listen(t, "127.0.0.3", first.port);
  const winner = await winnerOf(start(t, ["127.0.0.2", "127.0.0.3"], first.port));
  assert.equal(winner.remoteAddress, "127.0.0.2");
});

test("an address that fails is followed by the next one at once", async (t) => {
  const last = await listen(t, "127.0.0.5");
  const addresses = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"];
  assert.equal((await winnerOf(start(t, addresses, last.port))).remoteAddress, "127.0.0.5");
});

test("an address that does not respond is overtaken by the next one", async (t) => {
  const full = await listenWithoutRoom("127.0.0.2");
  if (full === undefined) return skip(t, "no listening socket could be filled up here");
  t.after(() => full.stop());
  const second = await listen(t, "127.0.0.3", full.port);
  assert.equal((await winnerOf(start(t, ["127.0.0.2", "127.0.0.3"], full.port))).remoteAddress, "127.0.0.3");
  await second.connection(0);
});

test("a first address that accepts late wins, although nothing listens at the second one", async (t) => {
  const full = await listenWithoutRoom("127.0.0.2");
  if (full === undefined) return skip(t, "no listening socket could be filled up here");
  t.after(() => full.stop());
  const race = start(t, ["127.0.0.2", "127.0.0.3"], full.port);
  await eventually("the second attempt has failed", () => race.race.timeoutCode === "port_closed");
  full.release();
  assert.equal((await winnerOf(race)).remoteAddress, "127.0.0.2");
});

test("a slow handshake at the first address wins after the second one has failed", async (t) => {
  const tls = await tlsServer(t);
  if (tls === undefined) return skip(t, "there is no openssl to make certificates with");
  const slow = await listen(t, "127.0.0.2");
  // The second address accepts, and so shows that the first one has taken longer than the delay; then it fails.
  const second = await listen(t, "127.0.0.3", slow.port);
  const race = start(t, ["127.0.0.2", "127.0.0.3"], slow.port, true);
  const first = await slow.connection(0);
  (await second.connection(0)).resetAndDestroy();
  tls.emit("connection", first);
  assert.equal((await winnerOf(race)).remoteAddress, "127.0.0.2");
});

test("a handshake is part of connecting, and the attempt that loses is closed", async (t) => {
  const tls = await tlsServer(t);
  if (tls === undefined) return skip(t, "there is no openssl to make certificates with");
  const slow = await listen(t, "127.0.0.2");
  const second = await listen(t, "127.0.0.3", slow.port);
  const race = start(t, ["127.0.0.2", "127.0.0.3"], slow.port, true);
  const first = await slow.connection(0);
  tls.emit("connection", await second.connection(0));
  assert.equal((await winnerOf(race)).remoteAddress, "127.0.0.3");
  await closed(first);
});

test("the error is that of the attempt that got furthest", async (t) => {
  const speaking = await listen(t, "127.0.0.3");
  const race = start(t, ["127.0.0.2", "127.0.0.3", "127.0.0.4"], speaking.port, true);
  (await speaking.connection(0)).end("HTTP/1.1 400 Bad Request\r\n\r\n");
  assert.equal(await lossOf(race), "tls_not_spoken");
  assert.equal(await lossOf(start(t, ["127.0.0.2"], speaking.port)), "port_closed");
  assert.equal(await lossOf(start(t, [], speaking.port)), "dns_not_found");
});

test("all attempts end with the race, and the reason of a timeout is how far they got", async (t) => {
  const first = await listen(t, "127.0.0.2");
  const second = await listen(t, "127.0.0.3", first.port);
  const { race } = start(t, ["127.0.0.2", "127.0.0.3"], first.port, true);
  assert.equal(race.timeoutCode, "dns_timeout");
  const connections = [await first.connection(0), await second.connection(0)];
  assert.equal(race.timeoutCode, "tls_timeout");
  race.stop();
  await Promise.all(connections.map(closed));
});

test("addresses of the two families are tried in turns, in the order of the resolver", async (t) => {
  const order: (string | undefined)[] = [];
  const note = (server: Server): Server => server.on("connection", (socket) => order.push(socket.localAddress));
  const first = await listen(t, "127.0.0.2", 0, note(createServer()));
  const second = await listen(t, "127.0.0.3", first.port, note(createServer()));
  const other = await listen(t, "::1", first.port, note(createServer())).catch(() => undefined);
  if (other === undefined) return skip(t, "there is no IPv6 here");
  start(t, ["127.0.0.2", "127.0.0.3", "::1"], first.port, true);
  await second.connection(0);
  assert.deepEqual(order, ["127.0.0.2", "::1", "127.0.0.3"]);
});

async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await once(socket, "close");
}

/** A server for `provider.test` whose certificate this process trusts. It does not listen. */
async function tlsServer(t: TestContext): Promise<Server | undefined> {
  const authority = await openTestAuthority();
  if (authority === undefined) return undefined;
  const trusted = getCACertificates("default");
  setDefaultCACertificates([...trusted, authority.cert]);
  t.after(async () => {
    setDefaultCACertificates(trusted);
    await authority.remove();
  });
  const server = createTlsServer(await authority.issue("DNS:provider.test"));
  return server.on("tlsClientError", () => undefined);
}
