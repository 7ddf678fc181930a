import { createHash, timingSafeEqual } from "node:crypto";
import { GuessLimit } from "./guess-limit.ts";
import { hostName, isLocalName } from "./host.ts";
import { problem } from "./problem.ts";

/** What a decision is made from: nothing of the target, no query, no cookie. */
export interface Visitor {
  readonly address: string;
  readonly host: string;
  readonly authorization: string | undefined;
}

export interface GatekeeperOptions {
  readonly token: string;
  /** The name or address the listener was told to bind, and whether only this machine can reach it. */
  readonly boundHost: string;
  readonly onLoopback: boolean;
  readonly now: () => number;
  readonly guessing: (address: string) => void;
}

/** Decides who may have an answer of the admin listener. Each check returns the refusal, or nothing. */
export class Gatekeeper {
  readonly #options: GatekeeperOptions;
  readonly #tokenDigest: Buffer;
  readonly #limit: GuessLimit;

  constructor(options: GatekeeperOptions) {
    this.#options = options;
    this.#tokenDigest = digest(options.token);
    this.#limit = new GuessLimit(options.now);
  }

  /** For what anyone may see who can reach the listener. */
  checkOpen(visitor: Visitor): Response | undefined {
    // On any other address clients use names we do not know, and rebinding gains nothing: they can connect directly.
    if (!this.#options.onLoopback || this.#isOurName(visitor.host)) return undefined;
    return problem(403, "This listener answers to localhost, its address and its configured host name only.");
  }

  /** For what is open on loopback, where every visitor is on this machine, and needs the token anywhere else. */
  checkLocal(visitor: Visitor): Response | undefined {
    if (this.#options.onLoopback && visitor.authorization === undefined) return this.checkOpen(visitor);
    return this.checkToken(visitor);
  }

  /** For everything else. `Host` plays no part: the token is never sent by a browser on its own. */
  checkToken(visitor: Visitor): Response | undefined {
    if (visitor.authorization === undefined) return unauthorized("This needs the admin token.");
    if (!this.#limit.allows(visitor.address)) {
      return problem(429, "Too many wrong tokens from this address.", { "retry-after": "1" });
    }
    if (this.#isToken(visitor.authorization)) return undefined;
    if (this.#limit.failed(visitor.address)) this.#options.guessing(visitor.address);
    return unauthorized("This is not the admin token.");
  }

  #isOurName(host: string): boolean {
    const name = hostName(host);
    return name !== undefined && (isLocalName(name) || name === this.#options.boundHost.toLowerCase());
  }

  #isToken(authorization: string): boolean {
    const match = /^Bearer +(?<token>[\x21-\x7e]+) *$/i.exec(authorization);
    const presented = match?.groups?.["token"] ?? "";
    // Digests have one length, whatever was presented, so the comparison takes one time.
    return timingSafeEqual(digest(presented), this.#tokenDigest);
  }
}

function unauthorized(detail: string): Response {
  return problem(401, detail, { "www-authenticate": 'Bearer realm="lmgate admin"' });
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
