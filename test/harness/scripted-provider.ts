/**
 * A provider that does what a test tells it, byte by byte: it sends nothing by itself, keeps exactly what it received, and
 * can end a connection in every way.
 */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

import type { RawMessage } from "./raw-message.ts";
import { RawPeer } from "./raw-client.ts";
import { Waiting } from "./until.ts";

export interface ReceivedRequest {
  readonly connection: RawPeer;
  readonly request: RawMessage;
}

export class ScriptedProvider {
  readonly port: number;
  readonly url: string;
  /** Every connection so far, in order. */
  readonly connections: RawPeer[] = [];
  readonly #server: Server;
  /** All sockets, including those whose TLS handshake failed, which must be closed as well. */
  readonly #sockets: Socket[] = [];
  readonly #waiting: Waiting;
  #taken = 0;

  private constructor(server: Server, connections: RawPeer[], waiting: Waiting, scheme: string) {
    this.#server = server;
    server.on("connection", (socket: Socket) => this.#sockets.push(socket));
    this.#waiting = waiting;
    this.connections = connections;
    this.port = (server.address() as AddressInfo).port; // as: it listens on a host and port
    this.url = `${scheme}://127.0.0.1:${this.port}`;
  }

  /** With `tls`, a connection counts after its handshake. */
  static async start(tls?: TlsOptions): Promise<ScriptedProvider> {
    const connections: RawPeer[] = [];
    const waiting = new Waiting();
    const accept = (socket: Socket): void => {
      connections.push(new RawPeer(socket));
      waiting.changed();
    };
    const options = { allowHalfOpen: true, noDelay: true };
    const server = tls === undefined ? createServer(options, accept) : createTlsServer({ ...options, ...tls }, accept);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ScriptedProvider(server, connections, waiting, tls === undefined ? "http" : "https");
  }

  /** Waits for the next connection that the test has not received yet. */
  async nextConnection(): Promise<RawPeer> {
    const next = this.#taken++;
    return this.#waiting.until("a connection", () => this.connections[next]);
  }

  /** Waits for the next whole request on a connection that the test has not received yet. */
  async nextRequest(): Promise<ReceivedRequest> {
    const connection = await this.nextConnection();
    return { connection, request: await connection.message() };
  }

  /** The number of connections that the test has not received yet. */
  get pending(): number {
    return this.connections.length - this.#taken;
  }

  get open(): number {
    return this.connections.filter((connection) => !connection.closed).length;
  }

  /** Ends every connection and waits until the other side has closed them, so that none is reused. */
  async closeConnections(): Promise<void> {
    for (const connection of this.connections) {
      connection.resume();
      connection.end();
    }
    await Promise.all(this.connections.map((connection) => connection.close()));
    this.#taken = this.connections.length;
  }

  async stop(): Promise<void> {
    for (const connection of this.connections) connection.destroy();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
