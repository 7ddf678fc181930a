import { connect, type Socket } from "node:net";

const SILENCE_MS = 5_000;
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

export interface CallEvents {
  /** Bytes of a body came; the first time with the head's. */
  readonly onBody?: (bytes: Buffer) => void;
  /** The answer is complete. */
  readonly onEnd?: (status: number) => void;
  readonly onError: (error: Error) => void;
}

/**
 * A client that costs next to nothing: one socket, one call after the other, answers read no further than to know where
 * they end.
 */
export class RawClient {
  readonly socket: Socket;
  readonly #events: CallEvents;
  #head = "";
  #status = 0;
  /** Bytes of the body to come; -1 within the head, Infinity for a chunked body. */
  #left = -1;
  #tail: Buffer = Buffer.alloc(0);
  #over = false;

  constructor(port: number, events: CallEvents) {
    this.#events = events;
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.on("data", (bytes: Buffer) => this.#read(bytes));
    this.socket.once("error", (error) => this.#fail(error));
    this.socket.once("close", () => this.#fail(new Error("the connection was closed")));
  }

  send(request: Buffer): void {
    this.#left = -1;
    this.#head = "";
    this.socket.write(request);
  }

  /** What happens from now on is wanted. */
  close(): void {
    this.#over = true;
    this.socket.destroy();
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.close();
    this.#events.onError(error);
  }

  #read(bytes: Buffer): void {
    const body = this.#left === -1 ? this.#readHead(bytes) : bytes;
    if (body === undefined) return;
    if (body.length > 0) this.#events.onBody?.(body);
    if (this.#left === Infinity) {
      if (this.#endsIn(body)) this.#left = 0;
    } else this.#left -= body.length;
    if (this.#left === 0) this.#events.onEnd?.(this.#status);
  }

  /** The bytes behind the head, once it is whole. */
  #readHead(bytes: Buffer): Buffer | undefined {
    this.#head += bytes.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end === -1) return undefined;
    const head = this.#head.slice(0, end);
    this.#status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.#left = length === undefined ? Infinity : Number(length);
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

/** One call on a connection of its own; resolves to the status, or `undefined` where nobody answered. */
export function callOnce(port: number, request: Buffer): Promise<number | undefined> {
  return new Promise((resolve) => {
    const client = new RawClient(port, {
      onEnd: (status) => {
        client.close();
        resolve(status);
      },
      onError: () => resolve(undefined),
    });
    client.socket.setTimeout(SILENCE_MS, () => client.socket.destroy());
    client.send(request);
  });
}
