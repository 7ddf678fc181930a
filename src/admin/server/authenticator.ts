import { LoginThrottle } from "./login-throttle.ts";
import { hostName, isLocalName } from "./host-header.ts";
import { problem } from "./problem.ts";
import { type Sessions, isSameSecret } from "./sessions.ts";

/** What identifies the sender of a request. Path and query play no part in the decision. */
export interface RequestIdentity {
  readonly address: string;
  readonly host: string;
  readonly authorization: string | undefined;
  /** Value of the session cookie. */
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
  /** The configured host of the listener. */
  readonly boundHost: string;
  /** Only this machine can reach the listener. */
  readonly onLoopback: boolean;
  readonly now: () => number;
  /** Called when an address used up its allowance of wrong tokens. */
  readonly onGuessing: (address: string) => void;
}

/** Decides which requests the admin listener serves. Each check returns the response of a rejection, or `undefined`. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #throttle: LoginThrottle;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#throttle = new LoginThrottle(options.now);
  }

  /** For routes that need no credential. */
  checkPublic(identity: RequestIdentity): Response | undefined {
    // On other addresses clients use host names that LMGate cannot know, and DNS rebinding gains nothing there: the
    // attacker could connect directly.
    if (!this.#options.onLoopback || this.#isOwnName(identity.host)) return undefined;
    return problem(
      403,
      "The Host header must be localhost, or the address or configured host name of the admin listener.",
    );
  }

  /** For routes that need no credential on loopback, where every client is on this machine. */
  checkLoopback(identity: RequestIdentity): Response | undefined {
    if (this.#options.onLoopback && !hasCredential(identity)) return this.checkPublic(identity);
    return this.checkAuthenticated(identity);
  }

  /** For all other routes: requires the token in `Authorization`, or the session cookie of a browser that signed in. */
  checkAuthenticated(identity: RequestIdentity): Response | undefined {
    // `Host` need not be checked here: no browser sends an `Authorization` header by itself.
    if (identity.authorization !== undefined) return this.checkToken(identity.address, bearer(identity.authorization));
    if (identity.session === undefined) return unauthorized("The admin token is required.");
    return this.checkPublic(identity) ?? this.#checkSession(identity, identity.session);
  }

  /** For a browser that signs in. The token is in the body, so the request must not come from another site's page. */
  checkSignIn(identity: RequestIdentity, token: string): Response | undefined {
    return this.checkPublic(identity) ?? this.checkSameSite(identity) ?? this.checkToken(identity.address, token);
  }

  checkToken(address: string, token: string): Response | undefined {
    if (!this.#throttle.allows(address)) {
      return problem(429, "Too many wrong tokens from this address. Try again in 1 second.", { "retry-after": "1" });
    }
    if (isSameSecret(token, this.#options.token)) return undefined;
    if (this.#throttle.recordFailure(address)) this.#options.onGuessing(address);
    return unauthorized("The admin token is wrong.");
  }

  /** Browsers set `Origin` and `Sec-Fetch-Site` themselves; a page cannot change them. */
  checkSameSite({ origin, fetchSite, host }: RequestIdentity): Response | undefined {
    const isForeign = fetchSite !== undefined && fetchSite !== "same-origin" && fetchSite !== "none";
    if (!isForeign && (origin === undefined || originHost(origin) === host.toLowerCase())) return undefined;
    return problem(403, "Cross-site requests are not allowed.");
  }

  /** Aborted when the session that authenticated the request is closed. */
  signedOut({ authorization, session }: RequestIdentity): AbortSignal | undefined {
    return authorization === undefined && session !== undefined
      ? this.#options.sessions.closedSignal(session)
      : undefined;
  }

  #checkSession(identity: RequestIdentity, secret: string): Response | undefined {
    const csrf = this.#options.sessions.csrfOf(secret);
    if (csrf === undefined) return unauthorized("The session has expired. Sign in again.");
    if (!identity.changes) return undefined;
    const foreign = this.checkSameSite(identity);
    if (foreign !== undefined) return foreign;
    if (identity.csrf !== undefined && isSameSecret(identity.csrf, csrf)) return undefined;
    return problem(403, "The header x-lmgate-csrf is missing or does not belong to this session.");
  }

  #isOwnName(host: string): boolean {
    const name = hostName(host);
    return name !== undefined && (isLocalName(name) || name === this.#options.boundHost.toLowerCase());
  }
}

/** True if the request carries a credential, valid or not. */
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
