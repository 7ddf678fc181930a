import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

/** Ports nobody listens on at this moment; held together, so that they differ. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port); // a TCP server's
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
