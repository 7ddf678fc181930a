import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** A browser that is signed in. Only the digest of its cookie is kept, so that a heap dump contains no usable cookie. */
interface Session {
  readonly csrf: string;
  readonly expiresAt: number;
  /** Aborted when the session is closed. */
  readonly closed: AbortController;
}

const LIFETIME_MS = 12 * 3_600_000;
const MAX_SESSIONS = 500;

/** The sessions of signed-in browsers. They live in memory and end with the process. */
export class Sessions {
  readonly #now: () => number;
  readonly #sessions = new Map<string, Session>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `secret` is the cookie's value, `csrf` the token that every change must carry, `seconds` the lifetime. */
  open(): { readonly secret: string; readonly csrf: string; readonly seconds: number } {
    this.#dropExpired();
    const secret = randomBytes(32).toString("base64url");
    const csrf = randomBytes(32).toString("base64url");
    this.#sessions.set(digest(secret), {
      csrf,
      expiresAt: this.#now() + LIFETIME_MS,
      closed: new AbortController(),
    });
    return { secret, csrf, seconds: LIFETIME_MS / 1000 };
  }

  /** The CSRF token of a session; `undefined` if there is no such session. */
  csrfOf(secret: string): string | undefined {
    const session = this.#sessions.get(digest(secret));
    return session === undefined || session.expiresAt < this.#now() ? undefined : session.csrf;
  }

  /** Aborted when the session is closed, so that its event streams end with it. */
  closedSignal(secret: string): AbortSignal | undefined {
    return this.#sessions.get(digest(secret))?.closed.signal;
  }

  close(secret: string): void {
    this.#drop(digest(secret));
  }

  #dropExpired(): void {
    const now = this.#now();
    for (const [name, { expiresAt }] of this.#sessions) if (expiresAt < now) this.#drop(name);
    // A Map iterates in insertion order, oldest first.
    for (const name of this.#sessions.keys()) {
      if (this.#sessions.size < MAX_SESSIONS) break;
      this.#drop(name);
    }
  }

  #drop(name: string): void {
    this.#sessions.get(name)?.closed.abort();
    this.#sessions.delete(name);
  }
}

/** Constant-time comparison. */
export function isSameSecret(presented: string, secret: string): boolean {
  return timingSafeEqual(Buffer.from(digest(presented)), Buffer.from(digest(secret)));
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
