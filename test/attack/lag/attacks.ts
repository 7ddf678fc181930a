/** What clients can do to keep a gateway busy. Each attack goes on until it is stopped. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { testKey } from "../../harness/gateway.ts";
import { mutate, type Random } from "../fuzz/mutate.ts";
import { REQUESTS } from "../fuzz/seeds.ts";

export interface Attack {
  readonly name: string;
  /** The number of connections that attack at the same time. */
  readonly connections: number;
  readonly run: (attackRun: AttackRun) => Promise<void>;
}

export interface AttackRun {
  readonly port: number;
  readonly random: Random;
  readonly over: () => boolean;
}

const DRIBBLE_MS = 20;
const PIPELINED = 100;

function post(path: string, body: string | Buffer = '{"model":"m"}', ...lines: readonly string[]): Buffer {
  const bytes = Buffer.from(body);
  const head = [
    `POST /hostile/v1/chat/completions/${path} HTTP/1.1`,
    "Host: h",
    `Authorization: Bearer ${testKey.key}`,
    "Content-Type: application/json",
    ...lines,
    `Content-Length: ${bytes.length}`,
    "",
    "",
  ];
  return Buffer.concat([Buffer.from(head.join("\r\n")), bytes]);
}

async function connected(port: number): Promise<Socket | undefined> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  socket.resume();
  return (await Promise.race([once(socket, "connect").then(() => true), once(socket, "close").then(() => false)]))
    ? socket
    : undefined;
}

/** Sends `said` on a new connection, waits until `bytes` have arrived or the other side has ended, and closes it. */
async function sendOnce(port: number, sent: Buffer, bytes: number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1" });
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 3_000);
    let received = 0;
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    socket.on("error", done);
    socket.on("close", done);
    socket.on("data", (piece: Buffer) => {
      received += piece.length;
      if (received >= bytes) done();
    });
    socket.write(sent);
  });
  socket.destroy();
}

function again(name: string, connections: number, bytes: number, text: (random: Random) => Buffer): Attack {
  return {
    name,
    connections,
    run: async ({ port, random, over }) => {
      while (!over()) await sendOnce(port, text(random), bytes);
    },
  };
}

/** Heads that come byte by byte and never end. */
const slowHeads: Attack = {
  name: "500 heads that come byte by byte",
  connections: 500,
  run: async ({ port, over }) => {
    const socket = await connected(port);
    if (socket === undefined) return;
    const head = `${post("small").toString("latin1").split("Content-Type")[0]}X-Slow: `;
    for (let at = 0; !over() && !socket.destroyed; at++) {
      socket.write(head[at] ?? "a");
      await new Promise((resolve) => void setTimeout(resolve, DRIBBLE_MS));
    }
    socket.destroy();
  },
};

const deep = Buffer.from(`{"model":${"[".repeat(1_000_000)}`);
const manyKeys = Buffer.from(`{${Array.from({ length: 300_000 }, (_, n) => `"${n * 7919}":1`).join(",")}}`);
const unknownKeys = (random: Random): Buffer =>
  Buffer.from(
    Array.from(
      { length: PIPELINED },
      () => `GET /hostile/v1/x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer sk-${random()}-0123456789\r\n\r\n`,
    ).join(""),
  );
const manyFields = Buffer.from(
  `GET /hostile/v1/x HTTP/1.1\r\nHost: h\r\n${Array.from({ length: 990 }, (_, n) => `X-${n}: ${"v".repeat(50)}\r\n`).join("")}\r\n`,
);

/** `kinds` are the kinds of responses that the upstream can send. */
export function attacks(kinds: readonly string[]): readonly Attack[] {
  return [
    { name: "nothing", connections: 0, run: () => Promise.resolve() },
    again("good calls", 32, 100, () => post("small")),
    again("damaged requests", 32, 1, (random) =>
      Buffer.from(mutate(REQUESTS[Math.floor(random() * REQUESTS.length)] ?? "", REQUESTS, random), "latin1"),
    ),
    slowHeads,
    again(`${PIPELINED} pipelined calls at once`, 16, 100 * PIPELINED, () =>
      Buffer.concat(Array<Buffer>(PIPELINED).fill(post("small"))),
    ),
    again(`${PIPELINED} unknown keys at once`, 16, 150 * PIPELINED, unknownKeys),
    again("heads of 990 fields, unknown key", 16, 100, () => manyFields),
    again("requests a million levels deep", 4, 100, () => post("small", deep)),
    again("requests of 300,000 keys", 4, 100, () => post("small", manyKeys)),
    ...kinds
      .filter((kind) => kind !== "small")
      .map((kind) => again(`responses: ${kind}`, 4, Infinity, () => post(kind, undefined, "Connection: close"))),
  ];
}
