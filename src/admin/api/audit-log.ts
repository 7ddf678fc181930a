import { appendFile } from "node:fs/promises";
import type { RequestIdentity } from "../server/authenticator.ts";

export interface AuditEntry {
  /** `key.added`, `key.revoked`, `price.overridden`, … */
  readonly action: string;
  /** What was changed: an id, a model; never a key. */
  readonly target: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Who changed what through the admin listener, one line each; the file only grows. */
export class AuditLog {
  readonly #path: string;
  readonly #now: () => number;

  constructor(path: string, now: () => number) {
    this.#path = path;
    this.#now = now;
  }

  /** Resolves once the line is with the operating system; rejects if that failed, so that no change goes unnoted. */
  async note({ address, authorization }: RequestIdentity, { action, target, details }: AuditEntry): Promise<void> {
    const line = {
      timestamp: new Date(this.#now()).toISOString(),
      action,
      target,
      ...(details === undefined ? {} : { details }),
      client: address,
      by: authorization === undefined ? "session" : "token",
    };
    await appendFile(this.#path, `${JSON.stringify(line)}\n`, { mode: 0o640 });
  }
}
