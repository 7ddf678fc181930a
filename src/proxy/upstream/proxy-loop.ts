import type { Socket } from "node:net";
import type { Listening } from "../admission/admit.ts";

/**
 * Whether a connection to an upstream ended up at LMGate's own client port: a name that the DNS leads back here, say. Each call on it
 * would open the next one, until no descriptor is left. What the configuration shows of this was refused at the start.
 */
export function isProxyLoop(socket: Socket, { host, port }: Listening): boolean {
  if (socket.remotePort !== port) return false;
  const remote = plain(socket.remoteAddress);
  const isThisMachine = remote === plain(socket.localAddress) || isLoopback(remote);
  if (!isThisMachine) return false;
  // Bound to one address, the same port of another one of this machine is somebody else's.
  return host === "0.0.0.0" || host === "::" || remote === plain(host) || (host === "localhost" && isLoopback(remote));
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

function plain(address = ""): string {
  return address.replace(/^::ffff:/, "");
}
