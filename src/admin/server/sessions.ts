import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Of a browser that is signed in. What is kept is the digest of its cookie, so that a heap dump opens no door. */
interface Session {
  readonly csrf: string;
  readonly until: number;
  readonly over: AbortController;
}

const LIFETIME_MS = 12 * 3_600_000;
const MAX_SESSIONS = 500;

/** Who is signed in. They end with the process. */
export class Sessions {
  readonly #now: () => number;
  readonly #sessions = new Map<string, Session>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `secret` is the cookie's value, `csrf` what has to come with every change. */
  open(): { readonly secret: string; readonly csrf: string; readonly seconds: number } {
    this.#forgetOld();
    const secret = randomBytes(32).toString("base64url");
    const csrf = randomBytes(32).toString("base64url");
    this.#sessions.set(digest(secret), {
      csrf,
      until: this.#now() + LIFETIME_MS,
      over: new AbortController(),
    });
    return { secret, csrf, seconds: LIFETIME_MS / 1000 };
  }

  /** What has to come with a change of this session; `undefined` if there is no such session. */
  csrfOf(secret: string): string | undefined {
    const session = this.#sessions.get(digest(secret));
    return session === undefined || session.until < this.#now() ? undefined : session.csrf;
  }

  /** Aborted when the session is closed, so that what it is still being sent ends with it. */
  over(secret: string): AbortSignal | undefined {
    return this.#sessions.get(digest(secret))?.over.signal;
  }

  close(secret: string): void {
    this.#forget(digest(secret));
  }

  #forgetOld(): void {
    const now = this.#now();
    for (const [name, { until }] of this.#sessions) if (until < now) this.#forget(name);
    // The oldest stands first.
    for (const name of this.#sessions.keys()) {
      if (this.#sessions.size < MAX_SESSIONS) break;
      this.#forget(name);
    }
  }

  #forget(name: string): void {
    this.#sessions.get(name)?.over.abort();
    this.#sessions.delete(name);
  }
}

/** In one time, wherever two texts differ. */
export function isSameSecret(presented: string, secret: string): boolean {
  return timingSafeEqual(Buffer.from(digest(presented)), Buffer.from(digest(secret)));
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
