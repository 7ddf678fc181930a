import { isIP, connect as connectPlain, type Socket } from "node:net";
import type { Upstream } from "../../core/provider.ts";

export interface SocketContext {
  readonly upstream: Upstream;
  /** All upstream sockets of a data worker read into this one buffer. */
  readonly readBuffer: Buffer;
  readonly tlsSession: Buffer | undefined;
  onTlsSession(session: Buffer): void;
}

/** Starts a connection to one address of the upstream. `received` is called with the number of bytes in the buffer. */
export function openSocket(context: SocketContext, address: string, received: (length: number) => void): Socket {
  const { upstream, tlsSession } = context;
  const options = {
    host: address,
    port: upstream.port,
    noDelay: true,
    keepAlive: true,
    allowHalfOpen: true,
    // Copying out of one shared buffer costs less than a new 64 KB buffer per read, most of which would stay empty.
    onread: {
      buffer: context.readBuffer,
      callback: (length: number) => {
        received(length);
        return true;
      },
    },
  };
  if (!upstream.secure) return connectPlain(options);
  // node:tls is loaded only when needed (5 MB). A static import would also build its unused list of root certificates.
  const socket = process.getBuiltinModule("node:tls").connect({
    ...options,
    ALPNProtocols: ["http/1.1"],
    // An IP address must not be sent as a server name (RFC 6066 §3).
    ...(isIP(upstream.host) === 0 ? { servername: upstream.host } : {}),
    ...(tlsSession === undefined ? {} : { session: tlsSession }),
  });
  socket.on("session", (session: Buffer) => context.onTlsSession(session));
  return socket;
}
