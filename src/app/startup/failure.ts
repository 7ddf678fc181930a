import type { Settings } from "../../config/settings.ts";

/** Why the process could not start, and what to check. */
export function describeStartFailure(error: unknown, settings: Settings): string {
  const { code = causeCode(error), message } = error as NodeJS.ErrnoException; // as: only these two members are read
  const { host, port } = settings.server;
  if (code === "EADDRINUSE") {
    return `address in use: is another LMGate running on ${host}:${port} (server) or ${settings.admin.host}:${settings.admin.port} (admin)?`;
  }
  if (code === "EACCES") return `not allowed to listen on ${host}:${port}; ports below 1024 need privileges`;
  if (code === "EADDRNOTAVAIL") return `${host} is not an address of this machine (server.host or admin.host)`;
  return `could not start: ${message}`;
}

/** The admin listener wraps the error of the system in its own. */
function causeCode(error: unknown): string | undefined {
  const { cause } = error as Error; // as: `undefined` for anything that is no error
  return cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
}
