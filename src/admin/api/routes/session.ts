import { generateCookie } from "hono/cookie";
import * as z from "zod";
import type { SessionInfo } from "../contract.ts";
import { named, route, type Route } from "../../server/api-route.ts";
import type { SignIn } from "../../server/admin-options.ts";

const sessionInfo: z.ZodType<SessionInfo> = named(
  "Session",
  z.object({ signedIn: z.boolean(), csrf: z.string().nullable() }),
);

/** Signs a browser in: it sends the token once and a cookie from then on. */
export function sessionRoutes({ authenticator, sessions, sessionCookie }: SignIn): readonly Route[] {
  const cookie = (value: string, seconds: number): string =>
    generateCookie(sessionCookie, value, { path: "/", httpOnly: true, sameSite: "Strict", maxAge: seconds });
  return [
    route({
      method: "get",
      path: "/api/v1/session",
      access: "public",
      summary: "Get the session of this browser",
      response: sessionInfo,
      run: ({ identity }) => {
        const csrf = identity.session === undefined ? undefined : sessions.csrfOf(identity.session);
        return { signedIn: csrf !== undefined, csrf: csrf ?? null };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/session",
      access: "public",
      summary: "Sign in with the admin token",
      body: z.object({ token: z.string().max(4096) }),
      response: sessionInfo,
      run: ({ body, identity }) => {
        const rejection = authenticator.checkSignIn(identity, body.token.trim());
        if (rejection !== undefined) return rejection;
        const { secret, csrf, seconds } = sessions.open();
        return Response.json({ signedIn: true, csrf }, { headers: { "set-cookie": cookie(secret, seconds) } });
      },
    }),
    route({
      method: "delete",
      path: "/api/v1/session",
      access: "public",
      summary: "Sign out",
      response: sessionInfo,
      run: ({ identity }) => {
        const foreign = authenticator.checkSameSite(identity);
        if (foreign !== undefined) return foreign;
        if (identity.session !== undefined) sessions.close(identity.session);
        return Response.json({ signedIn: false, csrf: null }, { headers: { "set-cookie": cookie("", 0) } });
      },
    }),
  ];
}
