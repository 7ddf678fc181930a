import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { ClientConnection, clientAddress } from "./client-connection.ts";
import type { DataPlane } from "../exchange/data-plane.ts";

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Several workers share the port; the kernel distributes the connections. */
  readonly reusePort: boolean;
}

/** A flood of new connections must not keep a worker from stopping. */
const MAX_ACCEPTING_MS = 1_000;

/** The client port of one data worker. */
export class Listener {
  readonly #plane: DataPlane;
  readonly #server: Server;
  readonly #connections = new Set<ClientConnection>();
  #accepted = 0;

  constructor(plane: DataPlane) {
    this.#plane = plane;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  listen(options: ListenOptions): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ ...options, backlog: 4_096 }, () => {
        this.#server.off("error", reject);
        // A connection that cannot be accepted, for lack of a file descriptor, must not end the worker.
        this.#server.on("error", () => undefined);
        // as: the server listens on a host and port, so this is an address and not the name of a pipe.
        resolve(this.#server.address() as AddressInfo);
      });
    });
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** From now on every response has `Connection: close`. */
  drain(): void {
    this.#plane.draining = true;
  }

  /** Accepts no further connections and closes idle ones. Resolves when the last request is over. */
  async stop(): Promise<void> {
    this.#plane.stopping = true;
    this.drain();
    await this.#acceptWaiting();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#plane.drains.close();
    for (const connection of this.#connections) connection.endWhenIdle();
    await closed;
  }

  /**
   * Accepts the connections that wait in the kernel's queue, which it would reset with the socket that listens: until the
   * event loop has looked for new ones and found none.
   */
  async #acceptWaiting(): Promise<void> {
    const { clock } = this.#plane;
    const since = clock();
    for (let before = -1; before !== this.#accepted && clock() - since < MAX_ACCEPTING_MS;) {
      before = this.#accepted;
      // The first turn may have looked for events before it came here.
      await nextTurn();
      await nextTurn();
    }
  }

  /** Ends the running requests, each with its record. */
  abortAll(): void {
    for (const connection of this.#connections) connection.shutdown();
  }

  /** For a worker that crashed. Only a reset tells clients in every framing that a response is incomplete. */
  resetAll(): void {
    for (const connection of this.#connections) connection.reset();
  }

  #accept(socket: Socket): void {
    this.#accepted++;
    const { context } = this.#plane;
    const address = clientAddress(socket);
    if (!context.acceptConnection(address)) {
      // A reset leaves no state of the connection in the kernel.
      socket.on("error", () => undefined);
      socket.resetAndDestroy();
      return;
    }
    const connection = new ClientConnection(socket, this.#plane, (closed) => {
      this.#connections.delete(closed);
      context.connectionClosed(address);
    });
    this.#connections.add(connection);
    if (this.#plane.stopping) connection.endWhenIdle();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
