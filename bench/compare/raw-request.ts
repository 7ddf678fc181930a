import { connect, type Socket } from "node:net";

const TIMEOUT_MS = 5_000;
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

export interface ResponseEvents {
  /** Called for each part of the body. */
  readonly onBody?: (bytes: Buffer) => void;
  /** Called when the response is complete. */
  readonly onEnd?: (status: number) => void;
  readonly onError: (error: Error) => void;
}

/**
 * A client with minimal overhead: one socket, one request after the other. It parses a response only as far as needed to find
 * its end.
 */
export class RawClient {
  readonly socket: Socket;
  readonly #events: ResponseEvents;
  #head = "";
  #status = 0;
  /** Remaining bytes of the body; -1 within the head, Infinity for a chunked body. */
  #remaining = -1;
  #tail: Buffer = Buffer.alloc(0);
  #isClosed = false;

  constructor(port: number, events: ResponseEvents) {
    this.#events = events;
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.on("data", (bytes: Buffer) => this.#read(bytes));
    this.socket.once("error", (error) => this.#fail(error));
    this.socket.once("close", () => this.#fail(new Error("the connection was closed")));
  }

  send(request: Buffer): void {
    this.#remaining = -1;
    this.#head = "";
    this.socket.write(request);
  }

  /** Closes the connection without reporting an error. */
  close(): void {
    this.#isClosed = true;
    this.socket.destroy();
  }

  #fail(error: Error): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.onError(error);
  }

  #read(bytes: Buffer): void {
    const body = this.#remaining === -1 ? this.#readHead(bytes) : bytes;
    if (body === undefined) return;
    if (body.length > 0) this.#events.onBody?.(body);
    if (this.#remaining === Infinity) {
      if (this.#endsIn(body)) this.#remaining = 0;
    } else this.#remaining -= body.length;
    if (this.#remaining === 0) this.#events.onEnd?.(this.#status);
  }

  /** The bytes after the head, once the head is complete. */
  #readHead(bytes: Buffer): Buffer | undefined {
    this.#head += bytes.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end === -1) return undefined;
    const head = this.#head.slice(0, end);
    this.#status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#remaining = length === undefined ? Infinity : Number(length);
    return bytes.subarray(bytes.length - (this.#head.length - end - 4));
  }

  #endsIn(body: Buffer): boolean {
    const short = body.length < LAST_CHUNK.length;
    this.#tail = short
      ? Buffer.concat([this.#tail, body]).subarray(-LAST_CHUNK.length)
      : body.subarray(-LAST_CHUNK.length);
    return this.#tail.equals(LAST_CHUNK);
  }
}

/** Sends one request on a new connection; resolves to the status, or to `undefined` without a response. */
export function requestOnce(port: number, request: Buffer): Promise<number | undefined> {
  return new Promise((resolve) => {
    const client = new RawClient(port, {
      onEnd: (status) => {
        client.close();
        resolve(status);
      },
      onError: () => resolve(undefined),
    });
    client.socket.setTimeout(TIMEOUT_MS, () => client.socket.destroy());
    client.send(request);
  });
}
