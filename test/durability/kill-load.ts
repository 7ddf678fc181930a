/** Sends requests at a steady rate, some short and some long. Each has a number, which appears in its record. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

import { testKey } from "../harness/gateway.ts";

export interface LoadRequest {
  readonly n: number;
  readonly sentAt: number;
  /** When the last byte of a complete response arrived. */
  endedAt: number | undefined;
}

const PACE_MS = 5;
/** The provider's delays, for requests by the last digit of their number. */
const DELAYS_MS = [0, 0, 0, 0, 0, 0, 0, 150, 150, 1_000];

/** Responds to `…/models/<n>` in two pieces, after a delay that depends on `n`. */
export class SteadyUpstream {
  readonly url: string;
  /** When each request arrived here, by its number. */
  readonly reached: ReadonlyMap<number, number>;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>, reached: ReadonlyMap<number, number>) {
    this.#server = server;
    this.#sockets = sockets;
    this.reached = reached;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // as: it listens on a host and a port
  }

  static async start(): Promise<SteadyUpstream> {
    const sockets = new Set<Socket>();
    const reached = new Map<number, number>();
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
      socket.on("data", (bytes: Buffer) => {
        const n = Number(/\/models\/(\d+)/.exec(bytes.toString("latin1"))?.[1]);
        reached.set(n, performance.now());
        respond(socket, n);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new SteadyUpstream(server, sockets, reached);
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

function respond(socket: Socket, n: number): void {
  const body = `{"n":${n},"end":true}`;
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const delayMs = DELAYS_MS[n % DELAYS_MS.length] ?? 0;
  if (delayMs === 0) {
    socket.write(head + body);
    return;
  }
  socket.write(head + body.slice(0, 3));
  setTimeout(() => socket.write(body.slice(3)), delayMs);
}

/** The clients of one gateway. They run until it is killed. */
export class Load {
  readonly requests: LoadRequest[] = [];
  readonly #port: number;
  readonly #perPace: number;
  readonly #idle: Socket[] = [];
  readonly #all = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;
  #next: number;
  #due = 0;
  #last = performance.now();

  /** Numbers start at `first`. */
  constructor(port: number, perSecond: number, first: number) {
    this.#port = port;
    this.#perPace = perSecond / 1_000;
    this.#next = first;
    this.#timer = setInterval(() => this.#pace(), PACE_MS);
  }

  get running(): readonly LoadRequest[] {
    return this.requests.filter(({ endedAt }) => endedAt === undefined);
  }

  /** Sends no new requests; running ones continue. */
  pause(): void {
    clearInterval(this.#timer);
  }

  /** Sends no new requests, and resolves when all connections are closed. */
  async stop(): Promise<void> {
    this.pause();
    for (const socket of this.#idle) socket.destroy();
    const open = [...this.#all].filter((socket) => !socket.closed);
    // `once` would reject for connections that fail.
    await Promise.all(open.map((socket) => new Promise<void>((resolve) => socket.on("close", () => resolve()))));
  }

  #pace(): void {
    const now = performance.now();
    this.#due += (now - this.#last) * this.#perPace;
    this.#last = now;
    for (; this.#due >= 1; this.#due--) this.#send();
  }

  #send(): void {
    const socket = this.#idle.pop() ?? this.#open();
    const request: LoadRequest = { n: this.#next++, sentAt: performance.now(), endedAt: undefined };
    this.requests.push(request);
    let response = "";
    const receive = (bytes: Buffer): void => {
      response += bytes.toString("latin1");
      if (!response.endsWith(`{"n":${request.n},"end":true}`)) return;
      request.endedAt = performance.now();
      socket.off("data", receive);
      this.#idle.push(socket);
    };
    socket.on("data", receive);
    const lines = [
      `GET /openai/v1/models/${request.n} HTTP/1.1`,
      "Host: gate.test",
      `Authorization: Bearer ${testKey.key}`,
    ];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  }

  #open(): Socket {
    const socket = connect({ host: "127.0.0.1", port: this.#port, noDelay: true });
    this.#all.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#all.delete(socket));
    return socket;
  }
}
