import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import type { Provider } from "../core/settings.ts";

/** Where LMGate itself is going to listen. */
export interface Listening {
  readonly host: string;
  readonly port: number;
}

/**
 * Whether that provider's upstream is a listener of this very process: every call would come back as the next one. A name that only
 * the DNS knows is not looked up here; the gate notices it when it connects.
 */
export function isOwnUpstream({ upstream }: Provider, { host, port }: Listening, own = ownAddresses()): boolean {
  if (port === 0 || upstream.port !== port) return false;
  const listens = plain(host);
  const asked = plain(upstream.host);
  if (listens === asked) return true;
  if (isWildcard(listens)) return isLoopback(asked) || isWildcard(asked) || own.has(asked);
  // Connecting to 0.0.0.0 or :: leads to loopback; of the names, only this one is known without asking.
  return isLoopback(listens) && (isWildcard(asked) || (isLoopback(asked) && (isName(asked) || isName(listens))));
}

function isName(host: string): boolean {
  return isIP(host) === 0;
}

function isLoopback(host: string): boolean {
  return (
    host === "localhost" ||
    host.endsWith(".localhost") ||
    host === "::1" ||
    (isIP(host) === 4 && host.startsWith("127."))
  );
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function plain(host: string): string {
  return host.toLowerCase().replace(/^::ffff:/, "");
}

function ownAddresses(): ReadonlySet<string> {
  return new Set(
    Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address)),
  );
}
