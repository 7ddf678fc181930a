/** An upstream on a bare socket: it records every byte that comes and answers exactly the bytes it was told. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

import { readMessage, type RawMessage } from "./raw-message.ts";

/** Writes the answer, piece by piece if it likes; what it returns is awaited. */
export type Script = (socket: Socket, request: RawMessage) => void | Promise<void>;

export interface RawUpstream {
  readonly port: number;
  /** All requests so far that came whole. */
  readonly requests: readonly RawMessage[];
  /** TCP connections, and the bytes that came over them (after decryption), whole requests or not. */
  readonly seen: { connections: number; bytes: number };
  /** What the next requests are answered with. */
  respond: Script;
  /** Shows this certificate from the next handshake on; with TLS only. */
  present(identity: TlsOptions): void;
  close(): Promise<void>;
}

export interface RawUpstreamOptions {
  readonly tls?: TlsOptions;
}

export async function startRawUpstream({ tls }: RawUpstreamOptions = {}): Promise<RawUpstream> {
  const requests: RawMessage[] = [];
  const sockets = new Set<Socket>();
  const seen = { connections: 0, bytes: 0 };
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    let pending = Buffer.alloc(0);
    socket.on("error", () => undefined); // A caller may leave at any time; tests look at what came before.
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes: Buffer) => {
      seen.bytes += bytes.length;
      pending = Buffer.concat([pending, bytes]);
      const request = readMessage(pending);
      if (!request) return;
      pending = pending.subarray(request.length);
      requests.push(request);
      void upstream.respond(socket, request);
    });
  };
  const secure = tls && createTlsServer(tls, accept);
  const server: Server = secure ?? createServer(accept);
  server.on("connection", () => void (seen.connections += 1));
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // A TCP server that listens has one.
  const upstream: RawUpstream = {
    port,
    requests,
    seen,
    respond: (socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    present: (identity) => secure?.setSecureContext(identity),
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
  return upstream;
}
