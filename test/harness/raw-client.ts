/** One end of a TCP connection in a test: exactly what it received, how it ended, and every way of ending it. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { readFinalResponse, readMessage, type BodyRule, type RawMessage } from "./raw-message.ts";
import { Waiting } from "./until.ts";

export class RawPeer {
  readonly socket: Socket;
  /** The other side has sent its FIN. */
  ended = false;
  /** The connection is closed in both directions. */
  closed = false;
  /** The connection was reset, not ended. */
  wasReset = false;
  readonly #waiting = new Waiting();
  readonly #pieces: Buffer[] = [];
  #received: Buffer = Buffer.alloc(0);
  #taken = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#pieces.push(bytes);
      this.#waiting.changed();
    });
    socket.on("end", () => {
      this.ended = true;
      this.#waiting.changed();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET" || error.code === "EPIPE") this.wasReset = true;
    });
    socket.on("close", () => {
      this.closed = true;
      this.#waiting.changed();
    });
    socket.on("drain", () => this.#waiting.changed());
  }

  /** Every byte received so far. */
  get received(): Buffer {
    if (this.#pieces.length > 0) this.#received = Buffer.concat([this.#received, ...this.#pieces.splice(0)]);
    return this.#received;
  }

  get text(): string {
    return this.received.toString("latin1");
  }

  /** The bytes after the last message that was read. */
  get unread(): Buffer {
    return this.received.subarray(this.#taken);
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Sends a FIN. */
  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Closes both directions, with a FIN unless there are unread bytes. */
  destroy(): void {
    this.socket.destroy();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Reads the next whole message. */
  message(rule: BodyRule = "by head"): Promise<RawMessage> {
    return this.until("a whole message", () => {
      const found = readMessage(this.unread, rule);
      if (found !== undefined) this.#taken += found.length;
      else if (this.closed) throw new Error(`closed before a whole message: ${this.#state()}`);
      return found;
    });
  }

  /** Reads the next head alone; its body stays in `unread`. */
  head(): Promise<RawMessage> {
    return this.message("none");
  }

  /** Waits until the unread bytes contain `text`. */
  waitFor(text: string): Promise<true> {
    return this.until(`"${text}"`, () => this.unread.includes(text, 0, "latin1") || undefined);
  }

  /** Waits for the other side's FIN or for the close. */
  hasEnded(): Promise<true> {
    return this.until("the end", () => this.ended || this.closed || undefined);
  }

  /** Waits until the other side has ended or reset the connection, and then closes this end. */
  async closedByPeer(): Promise<void> {
    await this.hasEnded();
    this.end();
    await this.close();
  }

  close(): Promise<true> {
    return this.until("the close", () => this.closed || undefined);
  }

  until<Found>(what: string, found: () => Found | undefined): Promise<Found> {
    return this.#waiting.until(what, found, () => this.#state());
  }

  #state(): string {
    const end = this.closed ? (this.wasReset ? "reset" : "closed") : this.ended ? "ended" : "open";
    return `${end}, received ${JSON.stringify(this.text.slice(0, 2_000))}`;
  }
}

/** A client's end of a new connection. With `allowHalfOpen`, the test decides when it responds to a FIN. */
export async function connectRaw(port: number, host = "127.0.0.1"): Promise<RawPeer> {
  const socket = connect({ port, host, noDelay: true, allowHalfOpen: true });
  const peer = new RawPeer(socket);
  await once(socket, "connect");
  return peer;
}

/** Sends one request on a new connection and returns its response. */
export async function requestOnce(port: number, request: Buffer | string, method: string): Promise<RawMessage> {
  const peer = await connectRaw(port);
  peer.send(request);
  try {
    return await peer.until("a response", () => {
      const ended = peer.ended || peer.closed;
      const response = readFinalResponse(peer.received, method, ended);
      if (response === undefined && ended) throw new Error(`ended after: ${peer.text.slice(0, 500)}`);
      return response;
    });
  } finally {
    peer.destroy();
  }
}
