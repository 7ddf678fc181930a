import { LoginThrottle } from "./login-throttle.ts";
import { hostName, isLocalName } from "./host-header.ts";
import { problem } from "./problem.ts";
import { type Sessions, isSameSecret } from "./sessions.ts";

/** What a decision is made from: nothing of the target and no query. */
export interface RequestIdentity {
  readonly address: string;
  readonly host: string;
  readonly authorization: string | undefined;
  /** Value of our own cookie. */
  readonly session: string | undefined;
  /** The request may change something. */
  readonly changes: boolean;
  readonly csrf: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
}

export interface AuthenticatorOptions {
  readonly token: string;
  readonly sessions: Sessions;
  /** The name or address the listener was told to bind, and whether only this machine can reach it. */
  readonly boundHost: string;
  readonly onLoopback: boolean;
  readonly now: () => number;
  readonly onGuessing: (address: string) => void;
}

/** Decides who may have an answer of the admin listener. Each check returns the refusal, or nothing. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #limit: LoginThrottle;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#limit = new LoginThrottle(options.now);
  }

  /** For what anyone may see who can reach the listener. */
  checkPublic(identity: RequestIdentity): Response | undefined {
    // On any other address clients use names we do not know, and rebinding gains nothing: they can connect directly.
    if (!this.#options.onLoopback || this.#isOurName(identity.host)) return undefined;
    return problem(403, "This listener answers to localhost, its address and its configured host name only.");
  }

  /** For what is open on loopback, where every visitor is on this machine, and needs the token anywhere else. */
  checkLoopback(identity: RequestIdentity): Response | undefined {
    if (this.#options.onLoopback && !hasCredential(identity)) return this.checkPublic(identity);
    return this.checkAuthenticated(identity);
  }

  /** For everything else: the token in the header, or the cookie of a browser that showed it before. */
  checkAuthenticated(identity: RequestIdentity): Response | undefined {
    // `Host` plays no part with the header: no browser sends that on its own.
    if (identity.authorization !== undefined) return this.checkToken(identity.address, bearer(identity.authorization));
    if (identity.session === undefined) return unauthorized("This needs the admin token.");
    return this.checkPublic(identity) ?? this.#checkSession(identity, identity.session);
  }

  /** A browser that signs in. The token comes in the body, so another site's page must not be what sends it. */
  checkSignIn(identity: RequestIdentity, token: string): Response | undefined {
    return this.checkPublic(identity) ?? this.checkSameSite(identity) ?? this.checkToken(identity.address, token);
  }

  checkToken(address: string, token: string): Response | undefined {
    if (!this.#limit.allows(address)) {
      return problem(429, "Too many wrong tokens from this address.", { "retry-after": "1" });
    }
    if (isSameSecret(token, this.#options.token)) return undefined;
    if (this.#limit.failed(address)) this.#options.onGuessing(address);
    return unauthorized("This is not the admin token.");
  }

  /** Browsers say where a request comes from, and no page can make them lie. */
  checkSameSite({ origin, fetchSite, host }: RequestIdentity): Response | undefined {
    const isForeign = fetchSite !== undefined && fetchSite !== "same-origin" && fetchSite !== "none";
    if (!isForeign && (origin === undefined || originHost(origin) === host.toLowerCase())) return undefined;
    return problem(403, "The request comes from a page of another site.");
  }

  /** Aborted when the session that let the visitor in is closed. */
  signedOut({ authorization, session }: RequestIdentity): AbortSignal | undefined {
    return authorization === undefined && session !== undefined ? this.#options.sessions.over(session) : undefined;
  }

  #checkSession(identity: RequestIdentity, secret: string): Response | undefined {
    const csrf = this.#options.sessions.csrfOf(secret);
    if (csrf === undefined) return unauthorized("The session is over; sign in again.");
    if (!identity.changes) return undefined;
    const foreign = this.checkSameSite(identity);
    if (foreign !== undefined) return foreign;
    if (identity.csrf !== undefined && isSameSecret(identity.csrf, csrf)) return undefined;
    return problem(403, "The header x-lmgate-csrf is missing or not that of this session.");
  }

  #isOurName(host: string): boolean {
    const name = hostName(host);
    return name !== undefined && (isLocalName(name) || name === this.#options.boundHost.toLowerCase());
  }
}

/** It showed something that says who it is; what that is worth is another matter. */
export function hasCredential({ authorization, session }: RequestIdentity): boolean {
  return authorization !== undefined || session !== undefined;
}

function bearer(authorization: string): string {
  return /^Bearer +(?<token>[\x21-\x7e]+) *$/i.exec(authorization)?.groups?.["token"] ?? "";
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function unauthorized(detail: string): Response {
  return problem(401, detail, { "www-authenticate": 'Bearer realm="lmgate admin"' });
}
