import type { Logger } from "../../core/log.ts";
import type { Route } from "./api-route.ts";
import type { Authenticator } from "./authenticator.ts";
import type { Sessions } from "./sessions.ts";

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly log: Logger;
  /** Builds the table of routes. Called once, with the first request. */
  readonly routes: (signIn: SignIn) => Promise<readonly Route[]>;
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number;
}

/** What the routes need to sign a browser in and out. */
export interface SignIn {
  readonly authenticator: Authenticator;
  readonly sessions: Sessions;
  /** Name of the session cookie. */
  readonly sessionCookie: string;
}
