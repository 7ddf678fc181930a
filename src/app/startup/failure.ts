import type { Settings } from "../../config/settings.ts";

/** Why the process could not start, in words that say what to look at. */
export function describeStartFailure(error: unknown, settings: Settings): string {
  const { code = causeCode(error), message } = error as NodeJS.ErrnoException; // these two are all that is read
  const { host, port } = settings.server;
  if (code === "EADDRINUSE") {
    return `address in use: is another LMGate running on ${host}:${port} (server) or ${settings.admin.host}:${settings.admin.port} (admin)?`;
  }
  if (code === "EACCES") return `not allowed to listen on ${host}:${port}; ports below 1024 need privileges`;
  if (code === "EADDRNOTAVAIL") return `${host} is not an address of this machine (server.host or admin.host)`;
  return `could not start: ${message}`;
}

/** The admin listener wraps what the system says in words of its own. */
function causeCode(error: unknown): string | undefined {
  const { cause } = error as Error; // whatever it is, it is only looked at
  return cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
}
