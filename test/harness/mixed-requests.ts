/** A mix of requests: complete ones, clients that leave, upstreams that fail, tunnels, rejected ones. */
import type { Socket } from "node:net";

import { readFinalResponse, valueOf, type RawMessage } from "./raw-message.ts";
import { connectRaw, type RawPeer } from "./raw-client.ts";
import type { RawUpstream } from "./raw-upstream.ts";
import { jsonResponse, chunk, contentEvent, get, lastChunk, lastEvents, post, streamHead } from "../proxy/fixture.ts";

const AT_ONCE = 16;

interface Scenario {
  readonly request: string;
  readonly respond: (socket: Socket) => void;
  /** Resolves when the client leaves; by default after a whole response or the end. */
  readonly leaveWhen?: (peer: RawPeer) => Promise<unknown>;
  /** The request does not reach the upstream. */
  readonly rejected?: true;
}

const cut = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\nhalf";
const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const streamStart = streamHead + chunk(contentEvent(1));
const upgrade = ["Connection: Upgrade", "Upgrade: websocket"] as const;
const endsStream = (socket: Socket): void => void socket.write(streamStart + chunk(lastEvents(1)) + lastChunk);

const scenarios: readonly Scenario[] = [
  { request: post(), respond: (socket) => void socket.write(jsonResponse(1)) },
  { request: get(), respond: (socket) => void socket.write(jsonResponse(2)) },
  { request: post(), respond: endsStream },
  { request: post().replace("HTTP/1.1", "HTTP/1.0"), respond: endsStream },
  { request: post(), respond: (socket) => void socket.write(streamStart), leaveWhen: (peer) => peer.waitFor("word") },
  { request: post(), respond: () => undefined, leaveWhen: () => Promise.resolve() },
  { request: post("x".repeat(5_000)).slice(0, -100), respond: () => undefined, leaveWhen: () => Promise.resolve() },
  { request: post(), respond: (socket) => void socket.write(cut, () => socket.resetAndDestroy()) },
  { request: post(), respond: (socket) => void socket.end(cut) },
  { request: post(), respond: (socket) => void socket.write("nonsense\r\n\r\n") },
  {
    request: get("/openai/v1/realtime", ...upgrade),
    respond: (socket) => void socket.write(switching),
    leaveWhen: tunneled,
  },
  { request: "GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n", respond: () => undefined, rejected: true },
];

async function tunneled(peer: RawPeer): Promise<void> {
  await peer.waitFor("\r\n\r\n");
  peer.send("\x81\x80aaaa");
}

/** How many of `count` requests are forwarded, and so recorded. */
export function countForwarded(count: number): number {
  return Array.from({ length: count }, (_, n) => scenarioOf(n)).filter((scenario) => scenario.rejected !== true).length;
}

export async function runMixedRequests(port: number, upstream: RawUpstream, count: number): Promise<void> {
  upstream.respond = (socket, request: RawMessage) =>
    scenarioOf(Number(valueOf(request.lines, "x-call"))).respond(socket);
  let next = 0;
  const client = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) await runOne(port, n);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
}

function scenarioOf(n: number): Scenario {
  const scenario = scenarios[n % scenarios.length];
  if (scenario === undefined) throw new Error("there is always one");
  return scenario;
}

async function runOne(port: number, n: number): Promise<void> {
  const { request, leaveWhen } = scenarioOf(n);
  const peer = await connectRaw(port);
  peer.send(request.replace("\r\n", `\r\nX-Call: ${n}\r\n`));
  await (leaveWhen === undefined
    ? peer.until("a response or an end", () => isOver(peer) || undefined)
    : leaveWhen(peer));
  if (n % 2 === 0) peer.destroy();
  else peer.reset();
  await peer.close();
}

function isOver(peer: RawPeer): boolean {
  return peer.ended || peer.closed || readFinalResponse(peer.received, "POST") !== undefined;
}
