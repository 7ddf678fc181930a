/** An upstream on a bare socket. It records every byte and responds with exactly the bytes of its script. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

import { MessageReader, type RawMessage } from "./raw-message.ts";

/** Writes the response, in one piece or several. Its promise is awaited. */
export type Script = (socket: Socket, request: RawMessage) => void | Promise<void>;

export interface RawUpstream {
  readonly port: number;
  /** All complete requests so far. */
  readonly requests: readonly RawMessage[];
  /** The number of TCP connections and of bytes (after decryption), including incomplete requests. */
  readonly seen: { connections: number; bytes: number };
  /** The script for the next requests. */
  respond: Script;
  /** Uses this certificate from the next handshake on; with TLS only. */
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
    const reader = new MessageReader();
    socket.on("error", () => undefined); // a client may leave at any time
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes: Buffer) => {
      seen.bytes += bytes.length;
      const request = reader.push(bytes);
      if (!request) return;
      requests.push(request);
      void upstream.respond(socket, request);
    });
  };
  const secure = tls && createTlsServer(tls, accept);
  const server: Server = secure ?? createServer(accept);
  server.on("connection", (socket: Socket) => {
    seen.connections += 1;
    // With TLS, this is the socket below, which stays open if its handshake fails.
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // as: a TCP server that listens has one
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
