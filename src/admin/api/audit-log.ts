import { appendFile } from "node:fs/promises";
import type { RequestIdentity } from "../server/authenticator.ts";

export interface AuditEntry {
  /** `key.added`, `key.revoked`, `price.overridden`, … */
  readonly action: string;
  /** An id or a model that was changed; never a key. */
  readonly target: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Changes through the admin API with their author, one JSON line each. The file only grows. */
export class AuditLog {
  readonly #path: string;
  readonly #now: () => number;

  constructor(path: string, now: () => number) {
    this.#path = path;
    this.#now = now;
  }

  /** Resolves once the line is written; rejects if that failed, so that the API reports a change without an audit entry. */
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
