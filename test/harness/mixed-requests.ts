/** A thousand small fates: calls that end well, clients that leave, upstreams that fail, tunnels, refusals. */
import type { Socket } from "node:net";

import { readFinalAnswer, valueOf, type RawMessage } from "./raw-message.ts";
import { connectRaw, type RawPeer } from "./raw-client.ts";
import type { RawUpstream } from "./raw-upstream.ts";
import { answer, chunk, contentEvent, get, lastChunk, lastEvents, post, streamHead } from "../proxy/fixture.ts";

const AT_ONCE = 16;

interface Fate {
  readonly request: string;
  readonly answer: (socket: Socket) => void;
  /** Until the client has what it waits for; by default a whole answer or the end. */
  readonly leaves?: (peer: RawPeer) => Promise<unknown>;
  /** No call reaches the upstream. */
  readonly refused?: true;
}

const cut = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\nhalf";
const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const begun = streamHead + chunk(contentEvent(1));
const upgrade = ["Connection: Upgrade", "Upgrade: websocket"] as const;
const endsStream = (socket: Socket): void => void socket.write(begun + chunk(lastEvents(1)) + lastChunk);

const fates: readonly Fate[] = [
  { request: post(), answer: (socket) => void socket.write(answer(1)) },
  { request: get(), answer: (socket) => void socket.write(answer(2)) },
  { request: post(), answer: endsStream },
  { request: post().replace("HTTP/1.1", "HTTP/1.0"), answer: endsStream },
  { request: post(), answer: (socket) => void socket.write(begun), leaves: (peer) => peer.holds("word") },
  { request: post(), answer: () => undefined, leaves: () => Promise.resolve() },
  { request: post("x".repeat(5_000)).slice(0, -100), answer: () => undefined, leaves: () => Promise.resolve() },
  { request: post(), answer: (socket) => void socket.write(cut, () => socket.resetAndDestroy()) },
  { request: post(), answer: (socket) => void socket.end(cut) },
  { request: post(), answer: (socket) => void socket.write("nonsense\r\n\r\n") },
  {
    request: get("/openai/v1/realtime", ...upgrade),
    answer: (socket) => void socket.write(switching),
    leaves: tunneled,
  },
  { request: "GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n", answer: () => undefined, refused: true },
];

async function tunneled(peer: RawPeer): Promise<void> {
  await peer.holds("\r\n\r\n");
  peer.send("\x81\x80aaaa");
}

/** How many of so many calls are forwarded, and so recorded. */
export function forwardedOf(count: number): number {
  return Array.from({ length: count }, (_, n) => fateOf(n)).filter((fate) => fate.refused !== true).length;
}

export async function runMixedCalls(port: number, upstream: RawUpstream, count: number): Promise<void> {
  upstream.answer = (socket, request: RawMessage) => fateOf(Number(valueOf(request.lines, "x-call"))).answer(socket);
  let next = 0;
  const client = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) await runOne(port, n);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
}

function fateOf(n: number): Fate {
  const fate = fates[n % fates.length];
  if (fate === undefined) throw new Error("there is always one");
  return fate;
}

async function runOne(port: number, n: number): Promise<void> {
  const { request, leaves } = fateOf(n);
  const peer = await connectRaw(port);
  peer.send(request.replace("\r\n", `\r\nX-Call: ${n}\r\n`));
  await (leaves === undefined ? peer.until("an answer or an end", () => isOver(peer) || undefined) : leaves(peer));
  if (n % 2 === 0) peer.destroy();
  else peer.reset();
  await peer.close();
}

function isOver(peer: RawPeer): boolean {
  return peer.ended || peer.closed || readFinalAnswer(peer.received, "POST") !== undefined;
}
