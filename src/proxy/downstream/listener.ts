import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { ClientConnection, clientAddress } from "./client-connection.ts";
import type { DataPlane } from "../data-plane.ts";

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Several threads share the port; the kernel deals out connections. */
  readonly reusePort: boolean;
}

/** The client port of one data thread. */
export class Listener {
  readonly #plane: DataPlane;
  readonly #server: Server;
  readonly #connections = new Set<ClientConnection>();

  constructor(plane: DataPlane) {
    this.#plane = plane;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  listen(options: ListenOptions): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ ...options, backlog: 4_096 }, () => {
        this.#server.off("error", reject);
        // Bound to a host and port, so this is an address and not a pipe's name.
        resolve(this.#server.address() as AddressInfo);
      });
    });
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** From now on every answer says `Connection: close`. */
  drain(): void {
    this.#plane.draining = true;
  }

  /** No new connections; those without a call are ended. Resolves when the last call is over. */
  async stop(): Promise<void> {
    this.#plane.stopping = true;
    this.drain();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#plane.afterlives.close();
    for (const connection of this.#connections) connection.endWhenIdle();
    await closed;
  }

  /** Ends what is still running, each call with its record. */
  destroyAll(): void {
    for (const connection of this.#connections) connection.shutdown();
  }

  /** The thread is dying: no client may take what it has for the whole, and only a reset says so in every framing. */
  resetAll(): void {
    for (const connection of this.#connections) connection.reset();
  }

  #accept(socket: Socket): void {
    const { gate } = this.#plane;
    const address = clientAddress(socket);
    if (!gate.connected(address)) {
      // A reset leaves nothing of it with the kernel.
      socket.on("error", () => undefined);
      socket.resetAndDestroy();
      return;
    }
    const connection = new ClientConnection(socket, this.#plane, (gone) => {
      this.#connections.delete(gone);
      gate.disconnected(address);
    });
    this.#connections.add(connection);
    if (this.#plane.stopping) connection.endWhenIdle();
  }
}
