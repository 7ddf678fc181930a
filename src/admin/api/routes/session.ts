import { generateCookie } from "hono/cookie";
import * as z from "zod";
import type { SessionInfo } from "../contract.ts";
import type { Authenticator } from "../../server/authenticator.ts";
import { named, route, type Route } from "../api-route.ts";
import type { Sessions } from "../../server/sessions.ts";

export interface SignIn {
  readonly gatekeeper: Authenticator;
  readonly sessions: Sessions;
  readonly sessionCookie: string;
}

const sessionInfo: z.ZodType<SessionInfo> = named(
  "Session",
  z.object({ signedIn: z.boolean(), csrf: z.string().nullable() }),
);

/** How a browser signs in: the token once, a cookie from then on. */
export function sessionRoutes({ gatekeeper, sessions, sessionCookie }: SignIn): readonly Route[] {
  const cookie = (value: string, seconds: number): string =>
    generateCookie(sessionCookie, value, { path: "/", httpOnly: true, sameSite: "Strict", maxAge: seconds });
  return [
    route({
      method: "get",
      path: "/api/v1/session",
      access: "open",
      summary: "Whether this browser is signed in",
      answer: sessionInfo,
      run: ({ visitor }) => {
        const csrf = visitor.session === undefined ? undefined : sessions.csrfOf(visitor.session);
        return { signedIn: csrf !== undefined, csrf: csrf ?? null };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/session",
      access: "open",
      summary: "Sign in with the admin token",
      body: z.object({ token: z.string().max(4096) }),
      answer: sessionInfo,
      run: ({ body, visitor }) => {
        const refusal = gatekeeper.checkSignIn(visitor, body.token.trim());
        if (refusal !== undefined) return refusal;
        const { secret, csrf, seconds } = sessions.open();
        return Response.json({ signedIn: true, csrf }, { headers: { "set-cookie": cookie(secret, seconds) } });
      },
    }),
    route({
      method: "delete",
      path: "/api/v1/session",
      access: "open",
      summary: "Sign out",
      answer: sessionInfo,
      run: ({ visitor }) => {
        const foreign = gatekeeper.checkSameSite(visitor);
        if (foreign !== undefined) return foreign;
        if (visitor.session !== undefined) sessions.close(visitor.session);
        return Response.json({ signedIn: false, csrf: null }, { headers: { "set-cookie": cookie("", 0) } });
      },
    }),
  ];
}
