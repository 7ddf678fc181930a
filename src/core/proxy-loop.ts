// Recognizes an upstream that is LMGate itself. Each forwarded request would arrive as the next one, until no file
// descriptor is left.

/** Where LMGate listens. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The addresses of a connected socket. */
export interface ConnectedAddresses {
  readonly localAddress?: string | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/**
 * True if the configured upstream is one of LMGate's own listeners. It does not resolve names: those are checked by
 * `isProxyLoop` once a connection is open. `ownAddresses` are those of this machine's network interfaces.
 */
export function isOwnUpstream(
  upstream: ListenAddress,
  { host, port }: ListenAddress,
  ownAddresses: ReadonlySet<string>,
): boolean {
  if (port === 0 || upstream.port !== port) return false;
  const listenHost = withoutMapping(host);
  const target = withoutMapping(upstream.host);
  if (listenHost === target) return true;
  if (isWildcard(listenHost)) return isLoopback(target) || isWildcard(target) || ownAddresses.has(target);
  // A connection to 0.0.0.0 or :: reaches the loopback interface. Of the names, only `localhost` is known without DNS.
  return (
    isLoopback(listenHost) &&
    (isWildcard(target) || (isLoopback(target) && (!isIpAddress(target) || !isIpAddress(listenHost))))
  );
}

/** True if an open upstream connection ends at LMGate's own client port, for example because DNS resolved to it. */
export function isProxyLoop(connection: ConnectedAddresses, { host, port }: ListenAddress): boolean {
  if (connection.remotePort !== port) return false;
  const remote = withoutMapping(connection.remoteAddress ?? "");
  const isThisMachine = remote === withoutMapping(connection.localAddress ?? "") || isLoopback(remote);
  if (!isThisMachine) return false;
  // If LMGate listens on one address only, the same port of another local address belongs to another program.
  return isWildcard(host) || remote === withoutMapping(host) || (host === "localhost" && isLoopback(remote));
}

function isLoopback(host: string): boolean {
  return (
    host === "localhost" ||
    host.endsWith(".localhost") ||
    host === "::1" ||
    (isIpv4Address(host) && host.startsWith("127."))
  );
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function isIpAddress(host: string): boolean {
  return host.includes(":") || isIpv4Address(host);
}

function isIpv4Address(host: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}

/** In lower case, and with `::ffff:10.1.2.3` (an IPv4 address on an IPv6 socket) as `10.1.2.3`. */
function withoutMapping(host: string): string {
  return host.toLowerCase().replace(/^::ffff:/, "");
}
